import httpx
import pytest
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .overlapping_bookings import Base, router


@pytest.fixture
async def one_to_five(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/bookings", params={"first": 1, "last": 5})


@pytest.fixture
def three_to_nine(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/bookings", params={"first": 3, "last": 9})


async def test_explored(
    interleavings: Interleavings, one_to_five: Request, three_to_nine: Request
) -> None:
    await interleavings(one_to_five, three_to_nine)


async def test_gathered(twenty: Twenty, one_to_five: Request, three_to_nine: Request) -> None:
    assert await twenty(one_to_five, three_to_nine) == {201: 1, 409: 19}
