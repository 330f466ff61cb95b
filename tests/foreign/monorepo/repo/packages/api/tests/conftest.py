import httpx
import pytest
from travel_api.main import create_app
from travel_core.testing import FakeSource


@pytest.fixture
def source():
    return FakeSource()


@pytest.fixture
async def client(source):
    app = create_app(source)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
