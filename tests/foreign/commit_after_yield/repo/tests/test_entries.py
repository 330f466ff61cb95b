from journal.db import Entry
from sqlalchemy import select


async def test_write(client, session):
    assert (await client.post("/entries", params={"text": "rain"})).status_code == 201
    assert (await session.scalars(select(Entry.text))).all() == ["rain"]


async def test_write_twice(client):
    assert (await client.post("/entries", params={"text": "rain"})).status_code == 201
    assert (await client.post("/entries", params={"text": "sun"})).status_code == 201
    assert (await client.get("/entries")).json() == ["rain", "sun"]


async def test_change(client, session):
    entry = Entry(text="rain")
    session.add(entry)
    await session.flush()
    response = await client.put(f"/entries/{entry.id}", params={"text": "sun"})
    assert response.status_code == 200
    assert (await session.scalars(select(Entry.text))).all() == ["sun"]


async def test_missing(client):
    assert (await client.put("/entries/1", params={"text": "sun"})).status_code == 404
