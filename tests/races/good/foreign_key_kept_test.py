import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .foreign_key_kept import Base, Team, router


@pytest.fixture
async def join(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Team(id=1))
    return lambda: concurrent_client.post("/teams/1/members")


@pytest.fixture
def disband(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.delete("/teams/1")


async def test_interleaved(interleavings: Interleavings, join: Request, disband: Request) -> None:
    await interleavings(join, disband)


async def test_interrupted(interruptions: Interruptions, join: Request) -> None:
    await interruptions(join)
