import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .background_task import Base, Total, router


@pytest.fixture
async def order(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Total(id=1, orders=0))
    return lambda: concurrent_client.post("/orders")


async def test_explored(interleavings: Interleavings, order: Request) -> None:
    await interleavings(order, order)


async def test_gathered(twenty: Twenty, order: Request, session: AsyncSession) -> None:
    assert await twenty(order) == {202: 20}
    assert await session.scalar(select(Total.orders)) == 20
