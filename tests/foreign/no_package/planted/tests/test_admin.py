import pytest

from accounts.admin import router


@pytest.fixture
def app(app):
    app.include_router(router)
    return app


async def test_save(client):
    assert (await client.post("/admin/save")).status_code == 200


async def test_resolve(client):
    assert (await client.get("/admin/resolve")).json() == "127.0.0.1"


async def test_import(client):
    users = {"email": "a@b.c", "password": "very secret pass"}
    assert (await client.post("/admin/import", json=users)).json() == 2


async def test_slow(client):
    assert (await client.get("/admin/slow")).status_code == 200
