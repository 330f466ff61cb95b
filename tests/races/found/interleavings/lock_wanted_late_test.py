import httpx
import pytest
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .lock_wanted_late import Base, router


@pytest.fixture
async def take(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/seats")


async def test_explored(interleavings: Interleavings, take: Request) -> None:
    await interleavings(take, take)


async def test_gathered(twenty: Twenty, take: Request) -> None:
    assert await twenty(take) == {201: 1, 410: 19}
