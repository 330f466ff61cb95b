import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .soft_deleted_and_made_again import Base, Project, router


@pytest.fixture
async def delete(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Project(name="a"))
    return lambda: concurrent_client.delete("/projects/a")


@pytest.fixture
def create(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/projects/a")


async def test_interleaved(interleavings: Interleavings, delete: Request, create: Request) -> None:
    await interleavings(delete, create)


async def test_interrupted(interruptions: Interruptions, delete: Request) -> None:
    await interruptions(delete)
