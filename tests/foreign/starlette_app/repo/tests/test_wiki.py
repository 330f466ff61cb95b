import io
import unittest

import anyio
import httpx
import pytest
from starlette.testclient import TestClient

from wiki.main import LRU, app


@pytest.fixture(scope="module")
def client():
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_home(client):
    response = client.get("/wiki/Home")
    assert "<p>welcome</p>" in response.text
    assert response.headers["x-visits"] == "1"


def test_edit(client):
    response = client.post("/wiki/Cat", data={"text": "purrs"})
    assert response.url.path == "/wiki/Cat"
    assert "purrs" in response.text


def test_upload(client):
    client.post("/wiki/Dog", files={"text": io.BytesIO(b"barks")})
    assert client.get("/search", params={"q": "barks"}).json() == ["Dog"]


def test_no_page(client):
    assert client.get("/wiki/Bird").status_code == 404


def test_static(client):
    assert client.get("/static/style.css").text == client.get("/css").text


def test_dump(client):
    assert "Home" in client.get("/dump").text.splitlines()


def test_broken(client):
    response = client.get("/broken")
    assert (response.status_code, response.text) == (500, "sorry")


def test_socket(client):
    with client.websocket_connect("/edits") as socket:
        socket.send_json({"Fish": "swims"})
        assert socket.receive_text() == "saved"


def test_broken_raises():
    with TestClient(app) as client, pytest.raises(ZeroDivisionError):
        client.get("/broken")


@pytest.mark.anyio
async def test_async():
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            responses = []

            async def fetch():
                responses.append(await client.get("/wiki/Home"))

            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(fetch)
    assert [response.status_code for response in responses] == [200] * 5


@pytest.fixture
def anyio_backend():
    return "asyncio"


class TestLRU(unittest.TestCase):
    def test_size(self):
        cache = LRU(2)
        for key in "abc":
            cache[key] = key
        self.assertEqual(list(cache), ["b", "c"])

    def test_order(self):
        cache = LRU(2)
        cache["a"] = cache["b"] = 1
        cache["a"] = 2
        self.assertEqual(list(cache), ["b", "a"])
