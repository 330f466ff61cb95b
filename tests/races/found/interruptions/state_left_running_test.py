import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interruptions import Interruptions

from .state_left_running import Base, Import, router


@pytest.fixture
async def run(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Import(id=1, state="new", rows=0))
    return lambda: concurrent_client.post("/imports/1")


async def test_explored(interruptions: Interruptions, run: Request) -> None:
    await interruptions(run)


async def test_gathered(twenty: Twenty, run: Request, session: AsyncSession) -> None:
    assert await twenty(run) == {200: 1, 409: 19}
    this = await session.get_one(Import, 1)
    assert this.state == "done"
