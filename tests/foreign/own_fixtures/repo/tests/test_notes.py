import pytest
from sqlalchemy import func, select

from notes.database import Note


@pytest.fixture
async def note(session):
    note = Note(text="buy milk")
    session.add(note)
    await session.commit()
    return note


async def test_create(client, session):
    response = await client.post("/notes", json={"text": "hello"})
    assert response.status_code == 201
    assert await session.scalar(select(func.count()).select_from(Note)) == 1


async def test_index(client, note):
    assert [row["text"] for row in (await client.get("/notes")).json()] == ["buy milk"]


@pytest.mark.parametrize(("q", "count"), [("milk", 1), ("beer", 0)])
async def test_search(client, note, q, count):
    assert len((await client.get("/notes", params={"q": q})).json()) == count


async def test_delete(client, note):
    assert (await client.delete(f"/notes/{note.id}")).status_code == 204
    assert (await client.get("/notes")).json() == []


async def test_delete_missing(client):
    assert (await client.delete("/notes/77")).status_code == 404


async def test_isolated(session):
    assert (await session.scalars(select(Note))).all() == []


async def test_flush_only(session):
    session.add(Note(text="never committed"))
    await session.flush()
    assert await session.scalar(select(func.count()).select_from(Note)) == 1


async def test_invalid(client):
    assert (await client.post("/notes", json={})).status_code == 422
