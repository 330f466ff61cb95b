import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .document_with_a_time import Base, Cart, router


@pytest.fixture
async def put_pen(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Cart(id=1, content={}))
    return lambda: concurrent_client.put("/carts/1/pen")


@pytest.fixture
def put_ink(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/carts/1/ink")


async def test_explored(interleavings: Interleavings, put_pen: Request, put_ink: Request) -> None:
    await interleavings(put_pen, put_ink)


async def test_gathered(
    twenty: Twenty, put_pen: Request, put_ink: Request, session: AsyncSession
) -> None:
    assert await twenty(put_pen, put_ink) == {200: 20}
    cart = await session.get_one(Cart, 1)
    assert {"pen", "ink"} <= cart.content.keys()
