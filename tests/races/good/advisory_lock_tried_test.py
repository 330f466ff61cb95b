import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .advisory_lock_tried import Base, router


@pytest.fixture
async def build(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/reports/3")


async def test_interleaved(interleavings: Interleavings, build: Request) -> None:
    await interleavings(build, build)


async def test_interrupted(interruptions: Interruptions, build: Request) -> None:
    await interruptions(build)
