import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .past_sqlalchemy import Account, Base, router


@pytest.fixture
async def deposit(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=98))
    return lambda: concurrent_client.post("/deposits", params={"amount": 1})


async def test_explored(interleavings: Interleavings, deposit: Request) -> None:
    await interleavings(deposit, deposit)


async def test_gathered(twenty: Twenty, deposit: Request, session: AsyncSession) -> None:
    assert await twenty(deposit) == {200: 20}
    account = await session.get_one(Account, 1)
    assert account.balance == 118
