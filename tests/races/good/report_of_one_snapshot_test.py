import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .report_of_one_snapshot import Account, Base, router


@pytest.fixture
async def report(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100), Account(id=2, balance=0))
    return lambda: concurrent_client.post("/reports")


@pytest.fixture
def transfer(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/transfers", params={"amount": 1})


async def test_interleaved(
    interleavings: Interleavings, report: Request, transfer: Request
) -> None:
    await interleavings(report, transfer)


async def test_interrupted(interruptions: Interruptions, report: Request) -> None:
    await interruptions(report)
