import pytest

from polls.main import init_app


@pytest.fixture
async def app():
    return await init_app()


@pytest.fixture
async def client(aiohttp_client, app):
    return await aiohttp_client(app)
