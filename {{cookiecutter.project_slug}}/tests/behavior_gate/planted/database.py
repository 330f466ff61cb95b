"""Transactions, sessions and queries that go wrong, on SQLite in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..asgi import Receive, Send
from .serving import answer, serve

if TYPE_CHECKING:
    from sqlalchemy import Engine


@asynccontextmanager
async def _database() -> AsyncIterator[Engine]:
    engine = await asyncio.to_thread(_create)
    # Some rules hold for PostgreSQL alone, and some for asynchronous drivers.
    engine.dialect.name = "postgresql"
    engine.dialect.is_async = True
    try:
        yield engine
    finally:
        await asyncio.to_thread(engine.dispose)


def _create() -> Engine:
    from sqlalchemy import StaticPool, create_engine, text

    engine = create_engine(
        "sqlite://",
        native_datetime=True,
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
    )
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE rows (id INTEGER PRIMARY KEY, title TEXT)"))
    return engine


async def _serve(before: Callable[[], object], after: Callable[[], object] | None = None) -> None:
    """Serve a request that works in a thread, before its answer and after it."""

    async def application(scope: object, receive: object, send: Send) -> None:
        await asyncio.to_thread(before)
        await answer(send)
        if after is not None:
            await asyncio.to_thread(after)

    await serve(application)


async def forget_to_commit() -> None:
    from sqlalchemy import text
    from sqlalchemy.orm import Session

    def write() -> None:
        with Session(engine) as session:
            session.execute(text("INSERT INTO rows (id) VALUES (1)"))

    async with _database() as engine:
        await _serve(write)


async def commit_late() -> None:
    from sqlalchemy import text
    from sqlalchemy.orm import Session

    sessions: list[Session] = []

    def write() -> None:
        sessions.append(Session(engine))
        sessions[0].execute(text("INSERT INTO rows (id) VALUES (1)"))

    def commit() -> None:
        with sessions[0] as session:
            session.commit()

    async with _database() as engine:
        await _serve(write, commit)


async def commit_after_failure() -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError
    from sqlalchemy.orm import Session

    def write() -> None:
        with Session(engine) as session:
            insert = text("INSERT INTO rows (id) VALUES (1)")
            session.execute(insert)
            with suppress(IntegrityError):
                session.execute(insert)
            session.commit()

    async with _database() as engine:
        await _serve(write)


async def ignore_failure() -> None:
    from sqlalchemy import text
    from sqlalchemy.orm import Session

    def write() -> None:
        with suppress(Exception), Session(engine) as session:
            session.execute(text("INSERT INTO nothing VALUES (1)"))
            session.commit()

    async with _database() as engine:
        await _serve(write)


async def leave_setting() -> None:
    from sqlalchemy import text

    settings = {"app.tenant": "nobody"}

    def write() -> None:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            # In place of those of PostgreSQL.
            driver.create_function("current_setting", 2, lambda name, _: settings[name])
            driver.create_function("set_config", 3, lambda name, to, _: settings.update({name: to}))
            connection.execute(text("SELECT set_config('app.tenant', 'one', false)"))

    async with _database() as engine:
        await _serve(write)


async def use_closed_session() -> None:
    from sqlalchemy import text
    from sqlalchemy.orm import Session

    sessions: list[Session] = []

    def read() -> None:
        with Session(engine) as session:
            session.execute(text("SELECT 1"))
            sessions.append(session)

    def read_again() -> None:
        sessions[0].execute(text("SELECT 1"))
        sessions[0].close()

    async with _database() as engine:
        await _serve(read, read_again)


async def share_session() -> None:
    from sqlalchemy import text
    from sqlalchemy.orm import Session

    sessions: list[Session] = []

    def read() -> None:
        if not sessions:
            sessions.append(Session(engine))
        sessions[0].execute(text("SELECT 1"))
        sessions[0].rollback()

    async with _database() as engine:
        await _serve(read)
        await _serve(read)
        await asyncio.to_thread(sessions[0].close)


async def leak_session() -> None:
    from sqlalchemy import text
    from sqlalchemy.orm import Session

    def read() -> None:
        Session(engine).execute(text("SELECT 1"))

    async with _database() as engine:
        await _serve(read)


async def share_connection() -> None:
    # Without it SQLAlchemy has no asynchronous connections.
    import_module("greenlet")
    from sqlalchemy import event, text
    from sqlalchemy.util import await_only, greenlet_spawn

    def wait(*_: object) -> bool:
        await_only(asyncio.sleep(0))
        return True

    async def application(scope: object, receive: object, send: Send) -> None:
        connection = await asyncio.to_thread(engine.connect)
        statement = text("SELECT 1")
        await asyncio.gather(
            greenlet_spawn(connection.execute, statement),
            greenlet_spawn(connection.execute, statement),
        )
        await asyncio.to_thread(connection.close)
        await answer(send)

    async with _database() as engine:
        # In place of a driver that waits for a server.
        event.listen(engine, "do_execute", wait)
        await serve(application)


async def hold_connection() -> None:
    # Without it SQLAlchemy has no asynchronous connections.
    import_module("greenlet")
    from sqlalchemy.util import greenlet_spawn

    async def application(scope: object, receive: object, send: Send) -> None:
        connection = await greenlet_spawn(engine.connect)
        await asyncio.to_thread(sum, [])
        await asyncio.to_thread(connection.close)
        await answer(send)

    async with _database() as engine:
        await serve(application)


async def query_for_each() -> None:
    from sqlalchemy import text

    def read() -> None:
        with engine.connect() as connection:
            for number in range(20):
                connection.execute(text("SELECT id FROM rows WHERE id = :id"), {"id": number})

    async with _database() as engine:
        await _serve(read)


async def inject() -> None:
    from sqlalchemy import text

    async def application(scope: object, receive: Receive, send: Send) -> None:
        title = json.loads((await receive())["body"])["title"]

        def read() -> None:
            with engine.connect() as connection:
                connection.execute(text(f"SELECT id FROM rows WHERE title = '{title}'"))

        await asyncio.to_thread(read)
        await answer(send)

    async with _database() as engine:
        await serve(application, json.dumps({"title": uuid4().hex}).encode())


async def load_lazily() -> None:
    from sqlalchemy import Column, Integer, String
    from sqlalchemy.orm import Session, registry

    class Row:
        __tablename__ = "rows"
        id = Column(Integer, primary_key=True)
        title = Column(String)

    registry().mapped(Row)

    def read() -> None:
        with Session(engine) as session:
            row = Row()
            session.add(row)
            session.commit()
            row.title  # noqa: B018

    async with _database() as engine:
        await _serve(read)


async def bind_naive_datetime() -> None:
    from sqlalchemy import TIMESTAMP, Column, MetaData, Table, event

    events = Table("events", MetaData(), Column("at", TIMESTAMP(timezone=True)))

    def write() -> None:
        with engine.begin() as connection:
            connection.execute(events.insert(), {"at": datetime(2026, 1, 1)})  # noqa: DTZ001

    async with _database() as engine:
        # In place of a driver that takes what Python has.
        event.listen(engine, "do_execute", lambda *_: True)
        await _serve(write)
