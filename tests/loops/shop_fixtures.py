"""A fixture that does not stand among the tests."""

import asyncio

import pytest


@pytest.fixture
def set_up_elsewhere(request: pytest.FixtureRequest) -> None:
    from tests.ways import call

    asyncio.run(call(request.param))
