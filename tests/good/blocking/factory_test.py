import importlib
import sys

import httpx
import pytest
from fastapi import FastAPI

from .factory import make_app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
async def app() -> FastAPI:
    return make_app()


async def test_client(app: FastAPI) -> None:
    importlib.reload(sys.modules[make_app.__module__])
    for each in (app, make_app()):
        async with client_of(each) as client:
            assert (await client.post("/trap")).json()["project"]["name"] == "my_backend"
            assert (await client.get("/static/hello.txt")).text == "hello"
