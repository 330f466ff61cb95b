import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .one_of_two_refused import Base, Order, router


@pytest.fixture
async def pay(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Order(id=1, state="open"))
    return lambda: concurrent_client.post("/orders/1/paid")


@pytest.fixture
def cancel(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/orders/1/cancelled")


async def test_interleaved(interleavings: Interleavings, pay: Request, cancel: Request) -> None:
    await interleavings(pay, cancel)


async def test_interrupted(interruptions: Interruptions, pay: Request) -> None:
    await interruptions(pay)
