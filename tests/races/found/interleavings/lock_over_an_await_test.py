import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .lock_over_an_await import Account, Base, router


@pytest.fixture
async def charge_fee(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100))
    return lambda: concurrent_client.post("/accounts/1/fees")


async def test_explored(interleavings: Interleavings, charge_fee: Request) -> None:
    await interleavings(charge_fee, charge_fee)


async def test_gathered(twenty: Twenty, charge_fee: Request, session: AsyncSession) -> None:
    assert await twenty(charge_fee) == {200: 20}
    assert await session.scalar(select(Account.balance)) == 80
