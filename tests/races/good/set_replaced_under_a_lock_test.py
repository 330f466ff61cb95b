import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .set_replaced_under_a_lock import Base, Document, router


@pytest.fixture
async def ab(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Document(id=1))
    return lambda: concurrent_client.put("/documents/1/tags", params={"tags": "ab"})


@pytest.fixture
def c(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/documents/1/tags", params={"tags": "c"})


async def test_interleaved(interleavings: Interleavings, ab: Request, c: Request) -> None:
    await interleavings(ab, c)


async def test_interrupted(interruptions: Interruptions, ab: Request) -> None:
    await interruptions(ab)
