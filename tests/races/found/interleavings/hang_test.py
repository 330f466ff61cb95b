import asyncio

import httpx
import pytest
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .hang import Base, Label, router


@pytest.fixture
async def print_label(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Label(id=1, copies=0))
    return lambda: concurrent_client.post("/labels")


@pytest.fixture
def print_test(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/tests")


async def test_explored(
    interleavings: Interleavings, print_label: Request, print_test: Request
) -> None:
    await interleavings(print_label, print_test)


async def test_gathered(twenty: Twenty, print_label: Request, print_test: Request) -> None:
    async with asyncio.timeout(2):
        assert await twenty(print_label, print_test) == {200: 20}
