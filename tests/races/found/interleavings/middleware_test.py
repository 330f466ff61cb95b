import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .middleware import Base, Usage, metered


@pytest.fixture
async def read(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(metered, Base, Usage(key="k", requests=0))
    return lambda: concurrent_client.get("/metered/", headers={"X-Key": "k"})


async def test_explored(interleavings: Interleavings, read: Request) -> None:
    await interleavings(read, read)


async def test_gathered(twenty: Twenty, read: Request, session: AsyncSession) -> None:
    assert await twenty(read) == {200: 20}
    assert await session.scalar(select(Usage.requests)) == 20
