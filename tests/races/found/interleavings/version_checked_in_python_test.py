import httpx
import pytest
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .version_checked_in_python import Base, Page, router


@pytest.fixture
async def to_b(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Page(id=1, version=1, title="a"))
    return lambda: concurrent_client.put("/pages/1", params={"version": 1, "title": "b"})


@pytest.fixture
def to_c(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/pages/1", params={"version": 1, "title": "c"})


async def test_explored(interleavings: Interleavings, to_b: Request, to_c: Request) -> None:
    await interleavings(to_b, to_c)


async def test_gathered(twenty: Twenty, to_b: Request, to_c: Request) -> None:
    assert await twenty(to_b, to_c) == {200: 1, 409: 19}
