import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .orphan import Base, Member, Team, router


@pytest.fixture
async def join(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Team(id=1))
    return lambda: concurrent_client.post("/teams/1/members")


@pytest.fixture
def disband(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.delete("/teams/1")


async def test_explored(interleavings: Interleavings, join: Request, disband: Request) -> None:
    await interleavings(join, disband)


async def test_gathered(
    twenty: Twenty, join: Request, disband: Request, session: AsyncSession
) -> None:
    await twenty(join, disband)
    assert (await session.scalars(select(Member.team_id))).all() == []
