import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .advisory_lock import Base, router


@pytest.fixture
async def join(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/members", params={"email": "ada@example.com"})


async def test_interleaved(interleavings: Interleavings, join: Request) -> None:
    await interleavings(join, join)


async def test_interrupted(interruptions: Interruptions, join: Request) -> None:
    await interruptions(join)
