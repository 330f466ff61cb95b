import httpx
import pytest
from starlette.testclient import TestClient

from wiki.planted import app, limited

PATHS = ["/names", "/slow", "/hang", "/subscribe"]


@pytest.mark.parametrize("path", PATHS)
def test_sync(path):
    assert TestClient(app).get(path).status_code == 200


@pytest.mark.parametrize("path", ["/names", "/slow", "/subscribe"])
def test_sync_with_lifespan(path):
    with TestClient(app) as client:
        assert client.get(path).status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/names", "/slow", "/subscribe"])
async def test_async(path, anyio_backend):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert (await client.get(path)).status_code == 200


@pytest.fixture
def anyio_backend():
    return "asyncio"


def test_limited():
    assert TestClient(limited).get("/").status_code == 200
