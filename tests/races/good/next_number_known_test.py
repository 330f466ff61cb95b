import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .next_number_known import Base, Item, router


@pytest.fixture
async def create(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/items", params={"text": "a"})


@pytest.fixture
def delete(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.delete("/items/1")


async def test_interleaved(interleavings: Interleavings, create: Request, delete: Request) -> None:
    await interleavings(create, delete)


async def test_interrupted(interruptions: Interruptions, create: Request) -> None:
    await interruptions(create)


async def test_invariant_that_knows_it(
    interleavings: Interleavings, create: Request, session: AsyncSession
) -> None:
    async def first_is_there() -> None:
        session.expire_all()
        assert await session.get(Item, 1)

    await interleavings(create, create, invariant=first_is_there)
