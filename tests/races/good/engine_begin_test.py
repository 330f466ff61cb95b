import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .engine_begin import Account, Base, router


@pytest.fixture
async def deposit(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100))
    return lambda: concurrent_client.post("/accounts/1/deposits", params={"amount": 10})


async def test_interleaved(interleavings: Interleavings, deposit: Request) -> None:
    await interleavings(deposit, deposit)


async def test_interrupted(interruptions: Interruptions, deposit: Request) -> None:
    await interruptions(deposit)
