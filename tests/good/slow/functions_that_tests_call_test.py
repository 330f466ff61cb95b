import pytest

from .functions_that_tests_call import compute, wait_in_c


@pytest.fixture
async def waited() -> None:
    wait_in_c()
    compute()


async def test_client(waited: None) -> None:
    wait_in_c()
    compute()
