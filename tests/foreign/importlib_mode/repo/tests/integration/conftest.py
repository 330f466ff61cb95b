import pytest


@pytest.fixture
def expected():
    return {"total": "1.50"}
