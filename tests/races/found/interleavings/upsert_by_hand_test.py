import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .upsert_by_hand import Base, Score, router


@pytest.fixture
async def put(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.put("/scores/ada", params={"points": 7})


async def test_explored(interleavings: Interleavings, put: Request) -> None:
    await interleavings(put, put)


async def test_gathered(twenty: Twenty, put: Request, session: AsyncSession) -> None:
    assert await twenty(put) == {200: 20}
    assert (await session.scalars(select(Score.points))).all() == [7]
