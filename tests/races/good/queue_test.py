import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .queue import Base, Job, router


@pytest.fixture
async def ada_works(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Job(id=1), Job(id=2), Job(id=3))
    return lambda: concurrent_client.post("/workers/ada/jobs")


@pytest.fixture
def bob_works(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/workers/bob/jobs")


async def test_interleaved(
    interleavings: Interleavings, ada_works: Request, bob_works: Request
) -> None:
    await interleavings(ada_works, bob_works)


async def test_interrupted(interruptions: Interruptions, ada_works: Request) -> None:
    await interruptions(ada_works)
