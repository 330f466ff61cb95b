import pytest
from library.database import SessionLocal
from starlette.testclient import TestClient


@pytest.fixture
def client(app):
    with TestClient(app) as client:
        yield client


@pytest.fixture
def db(app):
    with SessionLocal() as db:
        yield db
