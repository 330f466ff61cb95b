import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .invariant import Account, Base, router


@pytest.fixture
async def pay(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100))
    return lambda: concurrent_client.post("/accounts/1/payments", params={"amount": 60})


async def test_explored(interleavings: Interleavings, pay: Request, session: AsyncSession) -> None:
    async def solvent() -> None:
        assert (await session.scalar(select(Account.balance)) or 0) >= 0, "below zero"

    await interleavings(pay, pay, invariant=solvent)


async def test_gathered(twenty: Twenty, pay: Request, session: AsyncSession) -> None:
    await twenty(pay)
    assert (await session.scalar(select(Account.balance)) or 0) >= 0
