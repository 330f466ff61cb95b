import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interruptions import Interruptions

from .copied_before_the_begin import Base, Import, Point, router


@pytest.fixture
async def load(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/imports", params={"first": 10})


async def test_explored(interruptions: Interruptions, load: Request) -> None:
    await interruptions(load)


async def test_gathered(twenty: Twenty, load: Request, session: AsyncSession) -> None:
    assert await twenty(load) == {201: 20}
    points = await session.scalars(select(Point.x))
    assert len(points.all()) == 3 * len((await session.scalars(select(Import.id))).all())
