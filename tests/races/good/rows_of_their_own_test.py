import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .rows_of_their_own import Account, Base, router


@pytest.fixture
async def to_one(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100), Account(id=2, balance=100))
    return lambda: concurrent_client.post("/accounts/1/deposits", params={"amount": 10})


@pytest.fixture
def to_two(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/accounts/2/deposits", params={"amount": 10})


async def test_interleaved(interleavings: Interleavings, to_one: Request, to_two: Request) -> None:
    await interleavings(to_one, to_two)


async def test_interrupted(interruptions: Interruptions, to_one: Request) -> None:
    await interruptions(to_one)
