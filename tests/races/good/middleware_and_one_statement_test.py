import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .middleware_and_one_statement import Base, Usage, timed


@pytest.fixture
async def read(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(timed, Base, Usage(key="k", requests=0))
    return lambda: concurrent_client.get("/timed/")


async def test_interleaved(interleavings: Interleavings, read: Request) -> None:
    await interleavings(read, read)


async def test_interrupted(interruptions: Interruptions, read: Request) -> None:
    await interruptions(read)
