import pytest

from .service_awaited_by_a_fixture import register


@pytest.fixture
async def user() -> str:
    return await register()


async def test_client(user: str) -> None:
    assert user
