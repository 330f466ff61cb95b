"""The database of one test: a transaction that is rolled back, or its own database."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, NamedTuple

import httpx
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.exc import StaleDataError

from .connection import RealConnection, SharedConnection
from .engines import connections_of_this_loop, lending
from .errors import IsolationError

REFRESH = {"populate_existing": True}


class Isolation:
    """The database that a test and the app work in."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        real_commits: bool,
        session_class: type[AsyncSession] = AsyncSession,
    ) -> None:
        self.engine = engine
        self.real_commits = real_commits
        self.test_session = _refreshing(session_class, engine)

        # Of simultaneous requests, one commits and the others wait for it.
        self._committing = asyncio.Lock()

    @property
    def database_url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)

    async def before_request(self, _: httpx.Request | None = None) -> None:
        """Commit what the test has written, so that the app sees it."""
        try:
            async with self._committing:
                if self.test_session.in_transaction():
                    await self.test_session.commit()
        except StaleDataError as error:
            error.add_note("The app has changed the row. Call `await session.refresh(...)` first.")
            raise


def _refreshing(session_class: type[AsyncSession], engine: AsyncEngine) -> AsyncSession:
    # The app writes while this session is open, so a query has to refresh what was loaded.
    if _takes_options():
        return session_class(engine, expire_on_commit=False, execution_options=REFRESH)
    # SQLAlchemy 2.0.
    session = session_class(engine, expire_on_commit=False)

    @event.listens_for(session.sync_session, "do_orm_execute")
    def refresh(state: ORMExecuteState) -> None:
        if state.is_select:
            state.update_execution_options(**REFRESH)

    return session


@cache
def _takes_options() -> bool:
    return "execution_options" in inspect.signature(Session).parameters


@asynccontextmanager
async def committed(
    engine: AsyncEngine, session_class: type[AsyncSession] = AsyncSession
) -> AsyncIterator[Isolation]:
    """Give a test its own database, with real commits."""
    isolation = Isolation(engine, real_commits=True, session_class=session_class)
    with connections_of_this_loop():
        try:
            yield isolation
        finally:
            await isolation.test_session.close()


class SharedDatabase:
    """The database that most tests share, one after the other."""

    def __init__(self, database_url: str, session_class: type[AsyncSession] = AsyncSession) -> None:
        self.url = database_url
        #: In a test, each of its connections is the one connection of the test.
        self.engine = create_async_engine(database_url)
        self._session_class = session_class
        self._connections: AsyncGenerator[AsyncConnection, None] | None = None
        self._connection: AsyncConnection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._remedy: Remedy | None = None
        self._shared: SharedConnection | None = None

    async def dispose(self) -> None:
        await self.engine.dispose()
        if self._connections is not None:
            await self._connections.aclose()

    @asynccontextmanager
    async def isolated(self) -> AsyncIterator[Isolation]:
        """Roll back at the end whatever the test and the app have committed.

        Each engine that connects to the database gets the one connection of the test.
        """
        shared = await self._connected()
        isolation = Isolation(self.engine, real_commits=False, session_class=self._session_class)
        async with shared.transaction():
            with lending(self.engine.url.database, shared):
                try:
                    yield isolation
                finally:
                    await isolation.test_session.close()
        reached = {str(refusal) for refusal in shared.refusals if _has_reached_the_test(refusal)}
        for refusal in shared.refusals:
            # The app has caught it, and what it was about to write is lost.
            if str(refusal) not in reached:
                raise refusal

    async def _connected(self) -> SharedConnection:
        """Return the one connection, which lives as long as the event loop."""
        loop = asyncio.get_running_loop()
        if self._connection is None or loop is not self._loop:
            self._loop, self._shared = loop, None
            if self._connection is not None:
                self.engine = create_async_engine(self.url)
            self._connections = _connection_until_the_loop_ends(self.url)
            self._connection = await anext(self._connections)
        if self._shared is None or self._shared.connection.is_closed():
            if self._shared is not None:
                # This lets it reconnect.
                await self._connection.invalidate()
            if self._remedy is None:
                async with self._connection.begin():
                    self._remedy = await _find_remedy(self._connection)
            raw: Any = (await self._connection.get_raw_connection()).driver_connection
            self._shared = SharedConnection(raw, *self._remedy)
        return self._shared


async def _connection_until_the_loop_ends(url: str) -> AsyncGenerator[AsyncConnection, None]:
    engine = create_async_engine(url, connect_args={"connection_class": RealConnection})
    # A loop that ends closes the generators that are still open.
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


class Remedy(NamedTuple):
    """What the isolation needs to know about the schema."""

    take_back: str
    """Releases the advisory locks of earlier tests, and resets the sequences."""
    volatile: frozenset[str]
    """The functions that may write, or lock until the transaction ends."""
    deferred: str
    """The constraints that are checked at the commit."""


TAKE_BACK = text("""
    SELECT concat_ws(', ', 'SELECT pg_advisory_unlock_all()', string_agg(format(
        'setval(%L, %s, %L)', seqrelid::regclass, coalesce(last_value, seqstart),
        last_value IS NOT NULL), ', '))
    FROM pg_sequence, pg_sequence_last_value(seqrelid) AS last_value
""")
# Few volatile functions of PostgreSQL do what a rollback undoes: random(), for one, does not.
VOLATILE = text("""
    SELECT DISTINCT proname FROM pg_proc
    WHERE provolatile = 'v' AND (pronamespace <> 'pg_catalog'::regnamespace
        OR proname ~ '^(set_config|pg_notify|lo_?|pg_(try_)?advisory_xact_|.*_to_xml)')
""")
DEFERRED = text("""
    SELECT string_agg(format('%I.%I', nspname, conname), ', ')
    FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace WHERE condeferred
""")


async def _find_remedy(connection: AsyncConnection) -> Remedy:
    return Remedy(
        await connection.scalar(TAKE_BACK) or "SELECT",
        frozenset(await connection.scalars(VOLATILE)),
        await connection.scalar(DEFERRED) or "",
    )


def _has_reached_the_test(error: IsolationError) -> bool:
    if error.has_left_the_app:
        return True
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_name.startswith("test_") for frame, _ in frames)
