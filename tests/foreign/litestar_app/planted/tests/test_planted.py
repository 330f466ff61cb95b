import pytest
from litestar.testing import AsyncTestClient, TestClient

from weather.app import create_app
from weather.planted import handlers

PATHS = ["/sleepy", "/version", "/sync", "/forgetful"]


@pytest.mark.parametrize("path", PATHS)
def test_sync(path):
    with TestClient(create_app(handlers=handlers)) as client:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_async(path):
    async with AsyncTestClient(create_app(handlers=handlers)) as client:
        assert (await client.get(path)).status_code == 200


async def test_fire():
    async with AsyncTestClient(create_app(handlers=handlers)) as client:
        assert (await client.post("/fire")).status_code == 201


def test_fire_sync():
    with TestClient(create_app(handlers=handlers)) as client:
        assert client.post("/fire").status_code == 201


def test_stuck():
    with TestClient(create_app(handlers=handlers)) as client:
        client.get("/stuck")


def test_crash():
    with TestClient(create_app(handlers=handlers)) as client:
        client.get("/crash")


async def test_login():
    async with AsyncTestClient(create_app(handlers=handlers)) as client:
        data = {"user": "ada", "password": "correct horse"}
        assert (await client.post("/login", json=data)).status_code == 201
