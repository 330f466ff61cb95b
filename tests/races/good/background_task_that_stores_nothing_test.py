import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .background_task_that_stores_nothing import Base, router


@pytest.fixture
async def order(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/orders")


async def test_interleaved(interleavings: Interleavings, order: Request) -> None:
    await interleavings(order, order)


async def test_interrupted(interruptions: Interruptions, order: Request) -> None:
    await interruptions(order)
