import httpx
import pytest
from trap_races import Plant, Request

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .outbox import Base, router


@pytest.fixture
async def order(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/orders")


@pytest.fixture
async def send(concurrent_client: httpx.AsyncClient, order: Request) -> Request:
    await order()
    return lambda: concurrent_client.post("/outbox")


async def test_interleaved(interleavings: Interleavings, order: Request) -> None:
    await interleavings(order, order)


async def test_sender_interleaved(interleavings: Interleavings, send: Request) -> None:
    await interleavings(send, send)


async def test_interrupted(interruptions: Interruptions, order: Request) -> None:
    await interruptions(order)


async def test_sender_interrupted(interruptions: Interruptions, send: Request) -> None:
    await interruptions(send)
