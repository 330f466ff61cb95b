import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .reads import Base, router


@pytest.fixture
async def read(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.get("/accounts")


@pytest.fixture
def open_account(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/accounts")


async def test_interleaved(
    interleavings: Interleavings, read: Request, open_account: Request
) -> None:
    await interleavings(read, open_account)


async def test_interrupted(interruptions: Interruptions, read: Request) -> None:
    await interruptions(read)
