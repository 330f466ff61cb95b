import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .on_conflict_do_update import Base, router


@pytest.fixture
async def hit(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/hits")


async def test_interleaved(interleavings: Interleavings, hit: Request) -> None:
    await interleavings(hit, hit)


async def test_interrupted(interruptions: Interruptions, hit: Request) -> None:
    await interruptions(hit)
