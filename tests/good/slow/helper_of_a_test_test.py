import pytest

from .helper_of_a_test import compute, wait_in_c


@pytest.fixture
async def waited() -> None:
    wait_in_c()
    compute()


async def test_client(waited: None) -> None:
    wait_in_c()
    compute()
