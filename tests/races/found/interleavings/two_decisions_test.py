import httpx
import pytest
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .two_decisions import Base, Order, router


@pytest.fixture
async def pay(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Order(id=1, state="open"))
    return lambda: concurrent_client.post("/orders/1/payment")


@pytest.fixture
def cancel(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/orders/1/cancellation")


async def test_explored(interleavings: Interleavings, pay: Request, cancel: Request) -> None:
    await interleavings(pay, cancel)


async def test_gathered(twenty: Twenty, pay: Request, cancel: Request) -> None:
    assert await twenty(pay, cancel) == {200: 1, 409: 19}
