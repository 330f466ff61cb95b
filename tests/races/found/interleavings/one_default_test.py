import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .one_default import Address, Base, router


@pytest.fixture
async def add_a(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/addresses", params={"street": "a"})


@pytest.fixture
def add_b(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/addresses", params={"street": "b"})


async def test_explored(interleavings: Interleavings, add_a: Request, add_b: Request) -> None:
    await interleavings(add_a, add_b)


async def test_gathered(
    twenty: Twenty, add_a: Request, add_b: Request, session: AsyncSession
) -> None:
    assert await twenty(add_a, add_b) == {201: 20}
    defaults = await session.scalars(select(Address).where(Address.is_default))
    assert len(defaults.all()) == 1
