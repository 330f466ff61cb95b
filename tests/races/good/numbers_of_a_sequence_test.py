import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .numbers_of_a_sequence import Base, router


@pytest.fixture
async def for_ada(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/invoices", params={"customer": "Ada"})


@pytest.fixture
def for_grace(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/invoices", params={"customer": "Grace"})


async def test_interleaved(
    interleavings: Interleavings, for_ada: Request, for_grace: Request
) -> None:
    await interleavings(for_ada, for_grace)


async def test_interrupted(interruptions: Interruptions, for_ada: Request) -> None:
    await interruptions(for_ada)
