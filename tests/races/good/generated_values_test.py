import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .generated_values import Base, router


@pytest.fixture
async def create_a(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/documents", params={"text": "a"})


@pytest.fixture
def create_b(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/documents", params={"text": "b"})


async def test_interleaved(
    interleavings: Interleavings, create_a: Request, create_b: Request
) -> None:
    await interleavings(create_a, create_b)


async def test_interrupted(interruptions: Interruptions, create_a: Request) -> None:
    await interruptions(create_a)
