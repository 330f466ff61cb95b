import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .two_changes_of_turn import Base, Order, Shop, router


@pytest.fixture
async def order(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Shop(id=1, sale=False))
    return lambda: concurrent_client.post("/orders")


@pytest.fixture
def hold_sale(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/sale")


async def test_not_by_one_change_of_turn(
    interleavings: Interleavings, order: Request, hold_sale: Request
) -> None:
    await interleavings(order, hold_sale)


async def test_explored(interleavings: Interleavings, order: Request, hold_sale: Request) -> None:
    await interleavings(order, hold_sale, depth=2)


async def test_gathered(
    twenty: Twenty, order: Request, hold_sale: Request, session: AsyncSession
) -> None:
    await twenty(order, hold_sale)
    assert (await session.scalars(select(Order.id))).all() == []
