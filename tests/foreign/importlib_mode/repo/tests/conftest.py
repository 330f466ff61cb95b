import pytest
from httpx import ASGITransport, AsyncClient

from pricing import create_app


@pytest.fixture
async def client():
    transport = ASGITransport(create_app())
    async with AsyncClient(transport=transport, base_url="http://pricing") as client:
        yield client
