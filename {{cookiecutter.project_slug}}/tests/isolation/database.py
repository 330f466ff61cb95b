"""The database of one test: a transaction that is rolled back, or its own database."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)
from sqlalchemy.orm.exc import StaleDataError

from .connection import SharedConnection
from .engines import connections_of_this_loop, lending


class Isolation:
    """The database that a test and the app work in."""

    def __init__(self, engine: AsyncEngine, *, real_commits: bool) -> None:
        self.engine = engine
        self.real_commits = real_commits
        # The app writes while this session is open, so a query has to refresh what was loaded.
        self.test_session = AsyncSession(
            engine, expire_on_commit=False, execution_options={"populate_existing": True}
        )

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


@asynccontextmanager
async def committed(engine: AsyncEngine) -> AsyncIterator[Isolation]:
    """Give a test its own database, with real commits."""
    isolation = Isolation(engine, real_commits=True)
    with connections_of_this_loop():
        try:
            yield isolation
        finally:
            await isolation.test_session.close()


class SharedDatabase:
    """The database that most tests share, one after the other."""

    def __init__(self, database_url: str) -> None:
        #: In a test, each of its connections is the one connection of the test.
        self.engine = create_async_engine(database_url)
        self._real_engine = create_async_engine(database_url)
        self._remedy: Remedy | None = None
        self._shared: SharedConnection | None = None

    async def dispose(self) -> None:
        await self.engine.dispose()
        await self._real_engine.dispose()

    @asynccontextmanager
    async def isolated(self) -> AsyncIterator[Isolation]:
        """Roll back at the end whatever the test and the app have committed.

        Each engine that connects to the database gets the one connection of the test.
        """
        async with self._real_engine.connect() as connection:
            transaction = await connection.begin()
            if self._remedy is None:
                self._remedy = await _find_remedy(connection)
            await connection.exec_driver_sql(self._remedy.take_back)
            raw: Any = (await connection.get_raw_connection()).driver_connection
            shared = self._shared
            if shared is None or shared.connection is not raw:
                shared = SharedConnection(raw, self._remedy.volatile, self._remedy.deferred)
                self._shared = shared
            isolation = Isolation(self.engine, real_commits=False)
            try:
                with lending(self.engine.url.database, shared):
                    try:
                        yield isolation
                    finally:
                        await isolation.test_session.close()
            finally:
                try:
                    await transaction.rollback()
                    if shared.is_altered:
                        await connection.invalidate()
                except SQLAlchemyError:
                    # The test broke the connection: the next test gets a new one.
                    await connection.invalidate()
        reached = {str(refusal) for refusal in shared.refusals if _has_reached_the_test(refusal)}
        for refusal in shared.refusals:
            # The app has caught it, and what it was about to write is lost.
            if str(refusal) not in reached:
                raise refusal


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


def _has_reached_the_test(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_name.startswith("test_") for frame, _ in frames)
