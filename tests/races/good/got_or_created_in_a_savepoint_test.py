import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .got_or_created_in_a_savepoint import Base, router


@pytest.fixture
async def write_note(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/notes", params={"tag": "urgent"})


async def test_interleaved(interleavings: Interleavings, write_note: Request) -> None:
    await interleavings(write_note, write_note)


async def test_interrupted(interruptions: Interruptions, write_note: Request) -> None:
    await interruptions(write_note)
