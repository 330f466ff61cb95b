import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .job_taken_twice import Base, Job, router


@pytest.fixture
async def work(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Job(id=1, done=0))
    return lambda: concurrent_client.post("/jobs/next")


async def test_explored(interleavings: Interleavings, work: Request) -> None:
    await interleavings(work, work)


async def test_gathered(twenty: Twenty, work: Request, session: AsyncSession) -> None:
    assert await twenty(work) == {200: 20}
    job = await session.get_one(Job, 1)
    assert job.done == 1
