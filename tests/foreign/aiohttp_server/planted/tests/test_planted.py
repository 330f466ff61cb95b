import pytest
from aiohttp import web

from polls.planted import routes


@pytest.fixture
async def client(aiohttp_client):
    app = web.Application()
    app.add_routes(routes)
    return await aiohttp_client(app)


@pytest.mark.parametrize("path", ["/config", "/nap", "/notify", "/unclosed", "/stuck"])
async def test_good(client, path):
    assert (await client.get(path)).status == 200


async def test_crash(client):
    await client.get("/crash")


async def test_login(client):
    data = {"name": "ada", "password": "correct horse"}
    assert (await client.post("/login", json=data)).status == 200
