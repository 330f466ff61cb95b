import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .unlocked_before_the_commit import Account, Base, router


@pytest.fixture
async def deposit(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100))
    return lambda: concurrent_client.post("/accounts/1/deposits", params={"amount": 10})


async def test_explored(interleavings: Interleavings, deposit: Request) -> None:
    await interleavings(deposit, deposit)


async def test_gathered(twenty: Twenty, deposit: Request, session: AsyncSession) -> None:
    assert await twenty(deposit) == {200: 20}
    assert await session.scalar(select(Account.balance)) == 300
