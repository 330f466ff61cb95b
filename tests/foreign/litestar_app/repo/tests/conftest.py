import pytest
from litestar.testing import AsyncTestClient, TestClient

from weather.app import create_app


@pytest.fixture
def app():
    return create_app(debug=True)


@pytest.fixture
def client(app):
    with TestClient(app) as client:
        yield client


@pytest.fixture
async def async_client(app):
    async with AsyncTestClient(app) as client:
        yield client
