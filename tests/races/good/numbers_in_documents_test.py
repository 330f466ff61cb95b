import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .numbers_in_documents import Base, router


@pytest.fixture
async def pen(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/orders", params={"item": "pen"})


@pytest.fixture
def ink(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/orders", params={"item": "ink"})


async def test_interleaved(interleavings: Interleavings, pen: Request, ink: Request) -> None:
    await interleavings(pen, ink)


async def test_interrupted(interruptions: Interruptions, pen: Request) -> None:
    await interruptions(pen)
