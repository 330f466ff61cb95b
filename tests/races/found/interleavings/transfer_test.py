import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .transfer import Account, Base, router


@pytest.fixture
async def transfer(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100), Account(id=2, balance=0))
    body = {"source": 1, "target": 2, "amount": 5}
    return lambda: concurrent_client.post("/transfers", params=body)


@pytest.fixture
def back(concurrent_client: httpx.AsyncClient) -> Request:
    body = {"source": 2, "target": 1, "amount": 3}
    return lambda: concurrent_client.post("/transfers", params=body)


async def test_explored(interleavings: Interleavings, transfer: Request, back: Request) -> None:
    await interleavings(transfer, back)


async def test_gathered(
    twenty: Twenty, transfer: Request, back: Request, session: AsyncSession
) -> None:
    assert await twenty(transfer, back) == {200: 20}
    balances = await session.scalars(select(Account.balance).order_by(Account.id))
    assert balances.all() == [80, 20]
