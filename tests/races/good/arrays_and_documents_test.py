import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .arrays_and_documents import Base, Task, router


@pytest.fixture
async def put_a(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Task())
    return lambda: concurrent_client.put("/tasks/labels/a")


@pytest.fixture
def put_b(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/tasks/labels/b")


async def test_interleaved(interleavings: Interleavings, put_a: Request, put_b: Request) -> None:
    await interleavings(put_a, put_b)


async def test_interrupted(interruptions: Interruptions, put_a: Request) -> None:
    await interruptions(put_a)
