import httpx
import pytest
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .paid_twice import Base, Order, router


@pytest.fixture
async def pay(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Order(id=1, paid=False))
    return lambda: concurrent_client.post("/orders/1/payment")


async def test_explored(interleavings: Interleavings, pay: Request) -> None:
    await interleavings(pay, pay)


async def test_gathered(twenty: Twenty, pay: Request) -> None:
    assert await twenty(pay) == {200: 1, 409: 19}
