import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .version_counter import Base, Page, router


@pytest.fixture
async def to_b(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Page(id=1, title="a"))
    return lambda: concurrent_client.put("/pages/1", params={"version": 1, "title": "b"})


@pytest.fixture
def to_c(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/pages/1", params={"version": 1, "title": "c"})


async def test_interleaved(interleavings: Interleavings, to_b: Request, to_c: Request) -> None:
    await interleavings(to_b, to_c)


async def test_interrupted(interruptions: Interruptions, to_b: Request) -> None:
    await interruptions(to_b)
