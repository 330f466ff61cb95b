import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .double_spend import Account, Base, router


@pytest.fixture
async def pay(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100))
    return lambda: concurrent_client.post("/accounts/1/payments", params={"amount": 60})


async def test_explored(interleavings: Interleavings, pay: Request) -> None:
    await interleavings(pay, pay)


async def test_gathered(twenty: Twenty, pay: Request, session: AsyncSession) -> None:
    assert await twenty(pay) == {200: 1, 409: 19}
    assert await session.scalar(select(Account.balance)) == 40
