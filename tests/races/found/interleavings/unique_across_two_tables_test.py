import httpx
import pytest
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .unique_across_two_tables import Base, router


@pytest.fixture
async def add_user(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base)
    return lambda: concurrent_client.post("/names/users/ada")


@pytest.fixture
def add_team(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/names/teams/ada")


async def test_explored(interleavings: Interleavings, add_user: Request, add_team: Request) -> None:
    await interleavings(add_user, add_team)


async def test_gathered(twenty: Twenty, add_user: Request, add_team: Request) -> None:
    assert await twenty(add_user, add_team) == {201: 1, 409: 19}
