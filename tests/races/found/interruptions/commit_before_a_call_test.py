import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interruptions import Interruptions

from .commit_before_a_call import Base, Order, router


@pytest.fixture
async def order(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/orders")


async def test_explored(interruptions: Interruptions, order: Request) -> None:
    await interruptions(order)


async def test_gathered(twenty: Twenty, order: Request, session: AsyncSession) -> None:
    assert await twenty(order) == {201: 20}
    assert (await session.scalars(select(Order.state))).all() == ["paid"] * 20
