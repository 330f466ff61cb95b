import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .quota_by_count import QUOTA, Base, Project, router


@pytest.fixture
async def create(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Project(owner="ada"), Project(owner="ada"))
    return lambda: concurrent_client.post("/projects", params={"owner": "ada"})


async def test_explored(interleavings: Interleavings, create: Request) -> None:
    await interleavings(create, create)


async def test_gathered(twenty: Twenty, create: Request, session: AsyncSession) -> None:
    assert await twenty(create) == {201: 1, 403: 19}
    assert await session.scalar(select(func.count(Project.id))) == QUOTA
