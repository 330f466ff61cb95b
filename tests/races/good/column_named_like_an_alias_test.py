import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .column_named_like_an_alias import Base, Reading, router


@pytest.fixture
async def add(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Reading(t=1, v=0))
    return lambda: concurrent_client.post("/readings/1", params={"v": 2})


async def test_interleaved(interleavings: Interleavings, add: Request) -> None:
    await interleavings(add, add)


async def test_interrupted(interruptions: Interruptions, add: Request) -> None:
    await interruptions(add)
