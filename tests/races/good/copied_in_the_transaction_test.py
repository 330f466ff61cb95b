import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .copied_in_the_transaction import Base, router


@pytest.fixture
async def load(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/imports", params={"first": 10})


@pytest.fixture
def load_others(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/imports", params={"first": 20})


async def test_interleaved(
    interleavings: Interleavings, load: Request, load_others: Request
) -> None:
    await interleavings(load, load_others)


async def test_interrupted(interruptions: Interruptions, load: Request) -> None:
    await interruptions(load)
