import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .serializable_without_a_retry import Base, Doctor, router


@pytest.fixture
async def ada_leaves(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Doctor(name="ada", on_call=True), Doctor(name="bob", on_call=True))
    return lambda: concurrent_client.post("/doctors/ada/leave")


@pytest.fixture
def bob_leaves(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/doctors/bob/leave")


async def test_interleaved(
    interleavings: Interleavings, ada_leaves: Request, bob_leaves: Request
) -> None:
    await interleavings(ada_leaves, bob_leaves)


async def test_interrupted(interruptions: Interruptions, ada_leaves: Request) -> None:
    await interruptions(ada_leaves)
