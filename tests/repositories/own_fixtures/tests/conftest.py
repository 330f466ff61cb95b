"""Fixtures, formatted as nothing would format it."""
import httpx
import pytest

from notes.main import app

pytest_plugins = ('tokens',)  # more plugins go here

class FakeSession:
    """Stands for a database."""
    def __init__(self): self.rows = []


@pytest.fixture
def session(): return FakeSession()


@pytest.fixture
async def client(token):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url='http://test', headers=token) as client:
        yield client
