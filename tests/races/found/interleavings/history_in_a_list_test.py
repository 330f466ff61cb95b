import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .history_in_a_list import Base, Ticket, router


@pytest.fixture
async def seen(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Ticket(id=1, history=[]))
    return lambda: concurrent_client.post("/tickets/1/seen")


@pytest.fixture
def assigned(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.post("/tickets/1/assigned")


async def test_explored(interleavings: Interleavings, seen: Request, assigned: Request) -> None:
    await interleavings(seen, assigned)


async def test_gathered(
    twenty: Twenty, seen: Request, assigned: Request, session: AsyncSession
) -> None:
    assert await twenty(seen, assigned) == {200: 20}
    ticket = await session.get_one(Ticket, 1)
    assert len(ticket.history) == 20
