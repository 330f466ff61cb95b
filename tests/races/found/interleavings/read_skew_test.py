import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .read_skew import Account, Base, Report, router


@pytest.fixture
async def report(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100), Account(id=2, balance=0))
    return lambda: concurrent_client.post("/reports")


@pytest.fixture
def transfer(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/transfers", params={"amount": 1})


async def test_explored(interleavings: Interleavings, report: Request, transfer: Request) -> None:
    await interleavings(report, transfer)


async def test_gathered(
    twenty: Twenty, report: Request, transfer: Request, session: AsyncSession
) -> None:
    assert await twenty(report, transfer) == {201: 10, 200: 10}
    assert set(await session.scalars(select(Report.total))) == {100}
