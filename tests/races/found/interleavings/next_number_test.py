import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .next_number import Base, Invoice, router


@pytest.fixture
async def create(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/invoices")


async def test_explored(interleavings: Interleavings, create: Request) -> None:
    await interleavings(create, create)


async def test_gathered(twenty: Twenty, create: Request, session: AsyncSession) -> None:
    assert await twenty(create) == {201: 20}
    numbers = await session.scalars(select(Invoice.number).order_by(Invoice.number))
    assert numbers.all() == list(range(1, 21))
