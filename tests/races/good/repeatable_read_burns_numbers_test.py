import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .repeatable_read_burns_numbers import Base, Stock, router


@pytest.fixture
async def take(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Stock(id=1, left=5, last_order=""))
    return lambda: concurrent_client.post("/orders")


async def test_interleaved(interleavings: Interleavings, take: Request) -> None:
    await interleavings(take, take)


async def test_interrupted(interruptions: Interruptions, take: Request) -> None:
    await interruptions(take)
