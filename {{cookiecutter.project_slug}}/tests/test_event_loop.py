import asyncio

import pytest
import pytest_asyncio


@pytest_asyncio.fixture
async def loop_of_fixtures() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def test_tests_run_on_a_debug_mode_event_loop(pytestconfig: pytest.Config) -> None:
    assert asyncio.get_running_loop().get_debug() is (pytestconfig.getoption("gate") == "on")


async def test_tests_and_fixtures_share_one_event_loop(
    loop_of_fixtures: asyncio.AbstractEventLoop,
) -> None:
    assert asyncio.get_running_loop() is loop_of_fixtures
