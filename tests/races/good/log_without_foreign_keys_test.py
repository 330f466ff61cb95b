import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .log_without_foreign_keys import Base, router


@pytest.fixture
async def by_ada(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/folders", params={"by": "Ada"})


@pytest.fixture
def by_grace(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/folders", params={"by": "Grace"})


async def test_interleaved(
    interleavings: Interleavings, by_ada: Request, by_grace: Request
) -> None:
    await interleavings(by_ada, by_grace)


async def test_interrupted(interruptions: Interruptions, by_ada: Request) -> None:
    await interruptions(by_ada)
