import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .locks_in_one_statement import Account, Base, router


@pytest.fixture
async def transfer(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100), Account(id=2, balance=100))
    body = {"source": 1, "target": 2, "amount": 5}
    return lambda: concurrent_client.post("/transfers", params=body)


@pytest.fixture
def back(concurrent_client: httpx.AsyncClient) -> Request:
    body = {"source": 2, "target": 1, "amount": 3}
    return lambda: concurrent_client.post("/transfers", params=body)


async def test_interleaved(interleavings: Interleavings, transfer: Request, back: Request) -> None:
    await interleavings(transfer, back)


async def test_interrupted(interruptions: Interruptions, transfer: Request) -> None:
    await interruptions(transfer)
