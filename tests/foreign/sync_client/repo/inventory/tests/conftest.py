import pytest
from fastapi.testclient import TestClient

from inventory.main import app


@pytest.fixture(scope="session")
def client():
    with TestClient(app) as client:
        yield client


@pytest.fixture
def auth():
    return {"Authorization": "Bearer letmein"}


@pytest.fixture(autouse=True)
def empty(client):
    yield
    client.app_state["items"].clear()
