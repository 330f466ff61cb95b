import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .idempotency_key_first import Base, router


@pytest.fixture
async def charge(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    body: dict[str, str | int] = {"key": "a1", "amount": 10}
    return lambda: concurrent_client.post("/charges", params=body)


async def test_interleaved(interleavings: Interleavings, charge: Request) -> None:
    await interleavings(charge, charge)


async def test_interrupted(interruptions: Interruptions, charge: Request) -> None:
    await interruptions(charge)
