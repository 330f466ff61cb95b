import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .exclusion_constraint import Base, router


@pytest.fixture
async def one(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/stays", params={"first": 1, "last": 5})


@pytest.fixture
def two(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/stays", params={"first": 3, "last": 9})


async def test_interleaved(interleavings: Interleavings, one: Request, two: Request) -> None:
    await interleavings(one, two)


async def test_interrupted(interruptions: Interruptions, one: Request) -> None:
    await interruptions(one)
