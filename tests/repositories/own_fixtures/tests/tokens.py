import pytest


@pytest.fixture
def token():
    return {"Authorization": "Bearer test"}
