import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .write_skew import Base, Doctor, router


@pytest.fixture
async def ada_leaves(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Doctor(name="ada", on_call=True), Doctor(name="bob", on_call=True))
    return lambda: concurrent_client.post("/doctors/ada/leave")


@pytest.fixture
def bob_leaves(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/doctors/bob/leave")


async def test_explored(
    interleavings: Interleavings, ada_leaves: Request, bob_leaves: Request
) -> None:
    await interleavings(ada_leaves, bob_leaves)


async def test_gathered(
    twenty: Twenty, ada_leaves: Request, bob_leaves: Request, session: AsyncSession
) -> None:
    await twenty(ada_leaves, bob_leaves)
    assert await session.scalar(select(func.count()).where(Doctor.on_call)) == 1
