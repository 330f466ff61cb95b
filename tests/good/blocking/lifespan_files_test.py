from collections.abc import AsyncIterator

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from .lifespan_files import Lifespan, make_app, of_router


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = make_app()
    async with LifespanManager(app), client_of(app) as client:
        yield client


async def test_client(client: httpx.AsyncClient) -> None:
    assert (await client.post("/trap")).status_code == 200
    app = FastAPI(lifespan=of_router)
    async with app.router.lifespan_context(app), Lifespan(app):
        assert app.version
