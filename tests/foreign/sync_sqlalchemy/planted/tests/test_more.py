import pytest
from library.models import Author
from library.more import router
from starlette.testclient import TestClient


@pytest.fixture
def client(app):
    app.include_router(router)
    return TestClient(app, raise_server_exceptions=False)


def test_forgotten(client):
    assert client.post("/forgotten").status_code == 200


def test_books(client, db):
    db.add_all(Author(name=f"author {n}") for n in range(8))
    db.commit()
    assert len(client.get("/books").json()) == 8


def test_in_a_coroutine(client):
    client.get("/async")


def test_sleep(client):
    client.get("/sleep")


def test_first(client):
    client.get("/first")
