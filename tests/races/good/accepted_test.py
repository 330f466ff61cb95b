import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .accepted import Base, Draft, router


@pytest.fixture
async def save_a(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Draft(id=1, text="", saves=0))
    return lambda: concurrent_client.put("/drafts/1", params={"text": "a"})


@pytest.fixture
def save_b(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/drafts/1", params={"text": "b"})


async def test_interleaved(interleavings: Interleavings, save_a: Request, save_b: Request) -> None:
    reason = "the number of saves is only a hint"
    explored = await interleavings(save_a, save_b, accept={(200, 200): reason})
    assert explored.outcomes == {(200, 200)}


async def test_interrupted(interruptions: Interruptions, save_a: Request) -> None:
    await interruptions(save_a)
