from sqlalchemy import select
from todo.app import Todo


async def test_add(client, sessions):
    assert (await client.post("/todos", params={"text": "tea"})).status_code == 201
    async with sessions() as session:
        assert (await session.scalars(select(Todo.text))).all() == ["tea"]


async def test_read(client, sessions):
    async with sessions.begin() as session:
        session.add(Todo(text="tea"))
    assert (await client.get("/todos")).json() == ["tea"]


async def test_empty(client):
    assert (await client.get("/todos")).json() == []
