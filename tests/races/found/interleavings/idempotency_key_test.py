import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .idempotency_key import Base, Charge, router


@pytest.fixture
async def charge(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    body: dict[str, str | int] = {"key": "a1", "amount": 10}
    return lambda: concurrent_client.post("/charges", params=body)


async def test_explored(interleavings: Interleavings, charge: Request) -> None:
    await interleavings(charge, charge)


async def test_gathered(twenty: Twenty, charge: Request, session: AsyncSession) -> None:
    assert await twenty(charge) == {200: 20}
    assert (await session.scalars(select(Charge.amount))).all() == [10]
