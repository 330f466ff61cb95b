import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interruptions import Interruptions

from .driver_without_a_transaction import Account, Base, router


@pytest.fixture
async def transfer(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Account(id=1, balance=100), Account(id=2, balance=0))
    return lambda: concurrent_client.post("/transfers", params={"amount": 1})


async def test_explored(interruptions: Interruptions, transfer: Request) -> None:
    await interruptions(transfer)


async def test_gathered(twenty: Twenty, transfer: Request, session: AsyncSession) -> None:
    assert await twenty(transfer) == {200: 20}
    balances = await session.scalars(select(Account.balance).order_by(Account.id))
    assert balances.all() == [80, 20]
