"""One transaction for each test, which the app and the test share without knowing it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from fastapi import FastAPI
from sqlalchemy import Dialect, Engine, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm.exc import StaleDataError
from starlette.datastructures import State


class ConcurrentRequestsError(Exception):
    """Two requests at once on the one connection of a test."""

    def __init__(self) -> None:
        super().__init__(
            "Two requests at once on `client`, which has one connection: the answer would mean "
            "nothing. Use the `concurrent_client` fixture."
        )


class SeparateConnectionError(Exception):
    """A connection to the database of the tests that is not the one of the test."""

    def __init__(self) -> None:
        super().__init__(
            "A connection of its own would not see what the test has written, and what it commits "
            "would stay. Take a session from `get_session` or `app.state.sessionmaker`, or use the "
            "`concurrent_client` fixture."
        )


class ForeignDatabaseError(Exception):
    """A connection to a database that is not for tests."""

    def __init__(self, database: str | None) -> None:
        super().__init__(
            f"The database {database!r} is not one of the tests, and may hold real data. Take a "
            "session from `get_session` or `app.state.sessionmaker`."
        )


class OuterTransactionError(Exception):
    """A statement that would end the transaction of the test."""

    def __init__(self, statement: str) -> None:
        super().__init__(
            f"The statement {statement!r} would end the transaction of the test, and what was "
            "written would stay. Call the methods of the session, or use the `concurrent_client` "
            "fixture."
        )


class Isolation:
    """The sessions of one test. Each is its own, and all end in the same rolled-back transaction.

    A commit releases a savepoint, and a rollback goes back to it, so that both do in a test what
    they do in production. Only the outer transaction never commits.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        # What a session of the app commits, another one sees. What it forgets to commit is gone.
        self._options: dict[str, Any] = {
            "bind": connection,
            "join_transaction_mode": "create_savepoint",
            "expire_on_commit": False,
        }
        # The app writes while this session lives: a query has to refresh what it has loaded.
        self.test_session = AsyncSession(
            **self._options, execution_options={"populate_existing": True}
        )
        self._request_is_running = False

    def app_sessions(self) -> async_sessionmaker[AsyncSession]:
        """Return what the app takes its sessions from where it does without `get_session`."""
        return async_sessionmaker(**self._options)

    async def get_session(self) -> AsyncIterator[AsyncSession]:
        """Stand in for the app's own `get_session`.

        Raises:
            ConcurrentRequestsError: Another request is running.
        """
        if self._request_is_running:
            raise ConcurrentRequestsError
        self._request_is_running = True
        try:
            async with AsyncSession(**self._options) as session:
                yield session
        finally:
            self._request_is_running = False

    async def before_request(self, _: httpx.Request) -> None:
        """Commit what the test has written, so that the app sees it from a session of its own."""
        try:
            await self.test_session.commit()
        except StaleDataError as error:
            error.add_note("The app has changed it since: `await session.refresh(...)` first.")
            raise


@asynccontextmanager
async def isolated(engine: AsyncEngine) -> AsyncIterator[Isolation]:
    """Open a transaction that is rolled back at the end, whatever the test does to it."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        await _take_back(connection)
        isolation = Isolation(connection)
        _isolated.add(engine.url.database)
        try:
            yield isolation
        finally:
            _isolated.discard(engine.url.database)
        try:
            await isolation.test_session.close()
            await transaction.rollback()
        except SQLAlchemyError:
            # The test broke the connection: the next one gets another.
            await connection.invalidate()


#: The databases that a test works in, on the one connection that it has.
_isolated: set[str | None] = set()

#: By engine: the statement that takes back what outlives a rollback.
_remedies: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()

ENDS_TRANSACTION = re.compile(
    r"\s*(COMMIT|END|ABORT|ROLLBACK(?!\s+TO)|PREPARE\s+TRANSACTION)\b", re.IGNORECASE
)
REMEDY = text("""
    SELECT concat_ws(', ', 'SELECT pg_advisory_unlock_all()', string_agg(format(
        'setval(%L, %s, %L)', seqrelid::regclass, coalesce(last_value, seqstart),
        last_value IS NOT NULL), ', '))
    FROM pg_sequence, pg_sequence_last_value(seqrelid) AS last_value
""")


async def _take_back(connection: AsyncConnection) -> None:
    """Release the advisory locks of earlier tests, and set the sequences to what they were."""
    engine = connection.sync_engine
    if engine not in _remedies:
        event.listen(engine, "before_cursor_execute", _refuse_to_end_transaction)
        _remedies[engine] = await connection.scalar(REMEDY) or ""
    await connection.exec_driver_sql(_remedies[engine])


@contextmanager
def restored(app: FastAPI) -> Iterator[None]:
    """Take back the overrides, routes and state that a test gives to the app."""
    overrides, routes = dict(app.dependency_overrides), list(app.router.routes)
    state, document = {name: app.state[name] for name in app.state}, app.openapi_schema
    try:
        yield
    finally:
        app.dependency_overrides, app.router.routes = overrides, routes
        app.state, app.openapi_schema = State(state), document


@contextmanager
def only_databases(prefix: str) -> Iterator[None]:
    """Refuse connections to PostgreSQL unless the database or the application is named so."""

    def refuse(dialect: Dialect, _: object, __: object, parameters: dict[str, Any]) -> None:
        database = _database(parameters)
        application = parameters.get("server_settings", {}).get("application_name")
        names = [name for name in (database, application) if name and name.startswith(prefix)]
        if dialect.name == "postgresql" and not names:
            raise ForeignDatabaseError(database)

    event.listen(Engine, "do_connect", refuse)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", refuse)


def _refuse_to_end_transaction(_: object, __: object, statement: str, *___: object) -> None:
    if ENDS_TRANSACTION.match(statement):
        raise OuterTransactionError(statement)


@event.listens_for(Engine, "do_connect")
def _refuse_second_connection(
    _: Dialect, __: object, ___: object, parameters: dict[str, Any]
) -> None:
    if _isolated and _database(parameters) in _isolated:
        raise SeparateConnectionError


def _database(parameters: dict[str, Any]) -> str | None:
    # asyncpg and psycopg have a name each for it.
    return parameters.get("database", parameters.get("dbname"))
