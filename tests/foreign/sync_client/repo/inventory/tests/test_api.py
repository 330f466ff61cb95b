import time

import pytest
from fastapi.testclient import TestClient

from inventory.main import app


def test_nothing(client):
    assert client.get("/items").json() == {}


def test_put(client, auth):
    assert client.put("/items/apple", params={"price": 2}, headers=auth).json() == {"name": "apple"}
    assert client.get("/items/apple").json() == {"price": 2}


@pytest.mark.parametrize(("currency", "price"), [("EUR", 2), ("USD", 4)])
def test_currency(client, auth, currency, price):
    client.put("/items/apple", params={"price": 2}, headers=auth)
    time.sleep(0.02)
    response = client.get("/items/apple", params={"currency": currency})
    assert response.json() == {"price": price}


def test_missing(client):
    assert client.get("/items/pear").status_code == 404


def test_unauthorized(client):
    assert client.put("/items/apple", params={"price": 2}).status_code == 401


def test_import(client, auth):
    files = {"file": ("a.csv", b"apple,1\npear,2\n")}
    assert client.post("/import", files=files, headers=auth).json() == 2
    assert client.get("/items").json() == {"apple": 1, "pear": 2}


def test_ratio(client):
    assert client.get("/ratio", params={"a": 1, "b": 2}).json() == 0.5
    response = client.get("/ratio", params={"a": 1, "b": 0})
    assert response.status_code == 500
    assert response.text == "nonsense"


def test_ticker(client):
    with client.websocket_connect("/ticker") as socket:
        assert [socket.receive_json()["EUR"] for _ in range(3)] == [1, 1, 1]


def test_plan(client):
    assert client.get("/plans/apple").json() == {"item": "apple", "samples": 3}


def test_without_lifespan():
    client = TestClient(app)
    assert client.get("/docs").status_code == 200


def test_own_client():
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/plans/fig").status_code == 500
