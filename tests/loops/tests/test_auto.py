"""pytest-asyncio in its auto mode."""

from collections.abc import AsyncIterator

import pytest

import shop
from tests.ways import DEFECTS, GOOD, call


@pytest.fixture
async def set_up() -> AsyncIterator[None]:
    await shop.work()
    yield
    await shop.work()


@pytest.mark.parametrize("defect", [*DEFECTS, GOOD])
async def test_auto(set_up: None, defect: str) -> None:
    await call(defect)
