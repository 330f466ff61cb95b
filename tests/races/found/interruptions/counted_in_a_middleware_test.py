import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interruptions import Interruptions

from .counted_in_a_middleware import Base, Order, Usage, metered


@pytest.fixture
async def order(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(metered, Base, Usage(key="k", orders=0))
    return lambda: concurrent_client.post("/metered/orders")


async def test_explored(interruptions: Interruptions, order: Request) -> None:
    await interruptions(order)


async def test_gathered(twenty: Twenty, order: Request, session: AsyncSession) -> None:
    assert await twenty(order) == {201: 20}
    assert await session.scalar(select(Usage.orders)) == 20
    assert await session.scalar(select(func.count(Order.id))) == 20
