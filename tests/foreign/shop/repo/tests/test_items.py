import asyncio
from collections import Counter

import httpx
from shop.db import Item
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession


async def test_an_item_is_stored(client: httpx.AsyncClient, session: AsyncSession) -> None:
    assert (await client.post("/items/tea")).status_code == 201
    assert (await session.scalars(select(Item.name))).all() == ["tea"]


async def test_a_second_item_of_that_name_is_refused(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    session.add(Item(name="tea"))
    assert (await client.post("/items/tea")).status_code == 409
    assert (await client.get("/items")).json() == ["tea"]


async def test_one_of_ten_simultaneous_items_with_the_same_name_wins(
    concurrent_client: httpx.AsyncClient,
) -> None:
    responses = await asyncio.gather(*(concurrent_client.post("/items/tea") for _ in range(10)))
    assert Counter(r.status_code for r in responses) == {201: 1, 409: 9}
