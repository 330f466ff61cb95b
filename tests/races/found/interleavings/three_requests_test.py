from collections.abc import Callable

import httpx
import pytest
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .three_requests import Base, Seat, router

Buy = Callable[[str], Request]


@pytest.fixture
async def buy(concurrent_client: httpx.AsyncClient, plant: Plant) -> Buy:
    await plant(router, Base, Seat(id=1, buyer=None))
    return lambda buyer: lambda: concurrent_client.post(f"/seats/1/{buyer}")


async def test_explored(interleavings: Interleavings, buy: Buy) -> None:
    await interleavings(buy("ada"), buy("bob"), buy("eve"))


async def test_gathered(twenty: Twenty, buy: Buy) -> None:
    assert await twenty(buy("ada"), buy("bob"), buy("eve")) == {200: 1, 409: 19}
