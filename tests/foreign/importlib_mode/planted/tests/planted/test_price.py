import pytest
from httpx import ASGITransport, AsyncClient

from pricing import create_app
from pricing.planted import router


@pytest.fixture
async def client():
    app = create_app()
    app.include_router(router)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://pricing") as client:
        yield client


@pytest.mark.parametrize("path", ["dependency", "sleep", "leak", "fails"])
async def test_planted(client, path):
    await client.get(f"/planted/{path}")
