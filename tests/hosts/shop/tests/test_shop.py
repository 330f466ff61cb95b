from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi.testclient import TestClient
from shop import app, lifespan

PATHS = [route.path[1:] for route in app.routes if "." in route.path and route.name != "openapi"]
PATHS.append("good")


@asynccontextmanager
async def client():
    async with lifespan(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


@pytest.mark.asyncio
@pytest.mark.parametrize("path", PATHS)
async def test_by_asyncio(path):
    async with client() as test_client:
        await test_client.get(f"/{path}")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("path", PATHS)
async def test_by_anyio(anyio_backend, path):
    async with client() as test_client:
        await test_client.get(f"/{path}")


@pytest.mark.parametrize("path", PATHS)
def test_by_client(path):
    with TestClient(app, raise_server_exceptions=False) as test_client:
        test_client.get(f"/{path}")
