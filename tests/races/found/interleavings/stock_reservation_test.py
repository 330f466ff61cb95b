import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .stock_reservation import Base, Reservation, Stock, router


@pytest.fixture
async def reserve(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Stock(sku="lamp", pieces=1))
    return lambda: concurrent_client.post("/reservations", params={"sku": "lamp"})


async def test_explored(interleavings: Interleavings, reserve: Request) -> None:
    await interleavings(reserve, reserve)


async def test_gathered(twenty: Twenty, reserve: Request, session: AsyncSession) -> None:
    assert await twenty(reserve) == {201: 1, 409: 19}
    assert await session.scalar(select(func.count(Reservation.id))) == 1
