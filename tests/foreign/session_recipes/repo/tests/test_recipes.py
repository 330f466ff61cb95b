"""Ways to give the app the session of a test, as guides and templates have them."""

from asyncio import current_task

import pytest
from dependency_injector import providers
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker

from notes import database
from notes.database import get_session
from notes.main import app, container_session


@pytest.fixture
async def bound(connection):
    async with AsyncSession(connection, join_transaction_mode="create_savepoint") as session:
        app.dependency_overrides[get_session] = lambda: session
        yield


@pytest.fixture
async def restarted(connection):
    await connection.begin_nested()
    async with AsyncSession(connection, expire_on_commit=False) as session:

        @event.listens_for(session.sync_session, "after_transaction_end")
        def restart(_, transaction):
            if not connection.sync_connection.in_nested_transaction():
                connection.sync_connection.begin_nested()

        app.dependency_overrides[get_session] = lambda: session
        yield


@pytest.fixture
async def yielded(engine):
    async def override():
        yield session

    async with AsyncSession(engine, expire_on_commit=False) as session:
        app.dependency_overrides[get_session] = override
        yield


@pytest.fixture
async def scoped(engine):
    registry = async_scoped_session(async_sessionmaker(engine), scopefunc=current_task)
    app.dependency_overrides[get_session] = lambda: registry
    yield
    await registry.remove()


@pytest.fixture
async def made_by_first(engine):
    made = []

    async def override():
        if not made:
            made.append(AsyncSession(engine))
        async with made[0] as session:
            yield session

    app.dependency_overrides[get_session] = override
    return made


@pytest.fixture
async def patched(engine, monkeypatch):
    async with AsyncSession(engine) as session:
        monkeypatch.setattr(database, "Session", lambda: session)
        yield


async def use(client):
    for text in ("one", "two"):
        assert (await client.post("/notes", json={"text": text})).status_code == 201
        assert (await client.put("/notes")).status_code == 409
    assert [note["text"] for note in (await client.get("/notes")).json()] == ["one", "two"]
    assert (await client.delete("/notes/1")).status_code == 204


async def test_bound(client, bound):
    await use(client)


async def test_restarted(client, restarted):
    await use(client)


async def test_yielded(client, yielded):
    await use(client)


async def test_scoped(client, scoped):
    await use(client)


async def test_made_by_first(client, made_by_first):
    await use(client)


async def test_patched(client, patched):
    await use(client)


@pytest.fixture
async def contained(engine):
    kept = providers.Singleton(async_sessionmaker(engine))
    with container_session.override(kept):
        yield
    await kept().close()


async def test_container(client, contained):
    assert (await client.get("/contained")).json() == 0
    assert (await client.get("/contained")).json() == 0
