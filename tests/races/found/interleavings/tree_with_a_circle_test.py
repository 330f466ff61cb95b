import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .tree_with_a_circle import Base, Folder, router


@pytest.fixture
async def one_into_two(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Folder(id=1), Folder(id=2))
    return lambda: concurrent_client.put("/folders/1/parent/2")


@pytest.fixture
def two_into_one(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/folders/2/parent/1")


async def test_explored(
    interleavings: Interleavings, one_into_two: Request, two_into_one: Request
) -> None:
    await interleavings(one_into_two, two_into_one)


async def test_gathered(
    twenty: Twenty, one_into_two: Request, two_into_one: Request, session: AsyncSession
) -> None:
    await twenty(one_into_two, two_into_one)
    roots = await session.scalars(select(Folder).where(Folder.parent_id.is_(None)))
    assert len(roots.all()) == 1
