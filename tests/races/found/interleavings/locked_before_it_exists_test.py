import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .locked_before_it_exists import Base, Member, router


@pytest.fixture
async def join(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/members", params={"email": "ada@example.com"})


async def test_explored(interleavings: Interleavings, join: Request) -> None:
    await interleavings(join, join)


async def test_gathered(twenty: Twenty, join: Request, session: AsyncSession) -> None:
    assert await twenty(join) == {201: 1, 409: 19}
    assert await session.scalar(select(func.count(Member.id))) == 1
