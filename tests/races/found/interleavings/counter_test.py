import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .counter import Base, Counter, router


@pytest.fixture
async def hit(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Counter(name="hits", value=0))
    return lambda: concurrent_client.post("/hits")


async def test_explored(interleavings: Interleavings, hit: Request) -> None:
    await interleavings(hit, hit)


async def test_gathered(twenty: Twenty, hit: Request, session: AsyncSession) -> None:
    assert await twenty(hit) == {200: 20}
    assert await session.scalar(select(Counter.value)) == 20
