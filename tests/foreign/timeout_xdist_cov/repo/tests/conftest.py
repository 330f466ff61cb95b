import pytest
from httpx import ASGITransport, AsyncClient

from jobs.api import app


@pytest.fixture(scope="module")
async def client():
    async with app.router.lifespan_context(app):
        async with AsyncClient(transport=ASGITransport(app), base_url="http://x") as client:
            yield client
