import functools

import pytest
from anyio import from_thread, run

import streamlets_planted as planted

FUNCTIONS = [
    planted.nap,
    functools.partial(planted.read, __file__),
    planted.forget,
    planted.wait,
    planted.leak,
    planted.fire,
]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("function", FUNCTIONS)
async def test_plugin(function):
    await function()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_portal(function):
    with from_thread.start_blocking_portal() as portal:
        portal.call(function)


@pytest.mark.parametrize("function", FUNCTIONS[:3])
def test_run(function):
    run(function)


@pytest.fixture
async def fixture():
    await planted.nap()


@pytest.mark.anyio
async def test_fixture(fixture):
    pass
