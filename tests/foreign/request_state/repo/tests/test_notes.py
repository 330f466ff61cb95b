import asyncio

import pytest
from notes.models import Note
from sqlalchemy import select

pytestmark = pytest.mark.asyncio


async def test_write(client, session):
    assert (await client.post("/notes", params={"text": "tea"})).status_code == 201
    assert (await session.scalars(select(Note.text))).all() == ["tea"]


async def test_the_same_text_twice(client):
    assert (await client.post("/notes", params={"text": "tea"})).status_code == 201
    assert (await client.post("/notes", params={"text": "tea"})).status_code == 409
    assert (await client.get("/notes")).json() == ["tea"]


async def test_read(client, session):
    session.add_all([Note(text="tea"), Note(text="cake")])
    assert (await client.get("/notes")).json() == ["tea", "cake"]


async def test_simultaneous(concurrent_client):
    requests = [concurrent_client.post("/notes", params={"text": "tea"}) for _ in range(5)]
    responses = await asyncio.gather(*requests)
    assert sorted(r.status_code for r in responses) == [201, 409, 409, 409, 409]
