import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from trap_races import Plant, Request, Twenty

from tests.exploration.interleavings import Interleavings

from .set_replaced import Base, Tag, router


@pytest.fixture
async def ab(concurrent_client: httpx.AsyncClient, plant: Plant) -> Request:
    await plant(router, Base, Tag(document=1, text="old"))
    return lambda: concurrent_client.put("/documents/1/tags", params={"tags": "ab"})


@pytest.fixture
def c(concurrent_client: httpx.AsyncClient) -> Request:
    return lambda: concurrent_client.put("/documents/1/tags", params={"tags": "c"})


async def test_explored(interleavings: Interleavings, ab: Request, c: Request) -> None:
    await interleavings(ab, c)


async def test_gathered(twenty: Twenty, ab: Request, c: Request, session: AsyncSession) -> None:
    assert await twenty(ab, c) == {200: 20}
    texts = await session.scalars(select(Tag.text).order_by(Tag.text))
    assert texts.all() in (["a", "b"], ["c"])
