import pytest
from litestar.testing import create_test_client

from weather.app import index


def test_index(client):
    assert client.get("/").text == "weather"


def test_mean(client):
    for value in (10, 20):
        assert client.post("/stations/a/readings", json={"celsius": value}).status_code == 202
    assert client.get("/stations/a/mean").json() == {"mean": 15}


def test_unknown(client):
    response = client.get("/stations/nowhere/mean")
    assert response.status_code == 404


def test_export(client):
    client.post("/stations/a/readings", json={"celsius": 1})
    client.get("/stations/a/mean")
    assert client.get("/export").json() == {"a": [1]}


def test_forecast(client):
    assert client.get("/forecast").json() == [0]


def test_broken(client):
    response = client.get("/broken")
    assert response.status_code == 500
    assert response.json() == {"detail": "internal"}


def test_live(client):
    with client.websocket_connect("/live") as socket:
        socket.send_json({"station": "b", "celsius": 4})
        assert socket.receive_json() == {"mean": 4}


def test_alone():
    with create_test_client([index]) as client:
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/stations"])
def test_no_such_page(client, path):
    assert client.get(path).status_code == 404
