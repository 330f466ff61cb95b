import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .for_update import Account, Base, router


@pytest.fixture
async def pay(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100))
    return lambda: concurrent_client.post("/accounts/1/payments", params={"amount": 60})


async def test_interleaved(interleavings: Interleavings, pay: Request) -> None:
    await interleavings(pay, pay)


async def test_interrupted(interruptions: Interruptions, pay: Request) -> None:
    await interruptions(pay)
