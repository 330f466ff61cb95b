"""One transaction for each test, which the app and the test share without knowing it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker


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


class Isolation:
    """The sessions of one test. Each is its own, and all end in the same rolled-back transaction.

    A commit releases a savepoint, and a rollback goes back to it, so that both do in a test what
    they do in production. Only the outer transaction never commits.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        # What a session of the app commits, another one sees. What it forgets to commit is gone.
        self.app_sessions = _sessionmaker(connection)
        # The app writes while this session lives: a query has to refresh what it has loaded.
        self.test_session = _sessionmaker(
            connection, execution_options={"populate_existing": True}
        )()
        self._request_is_running = False

    async def get_session(self) -> AsyncIterator[AsyncSession]:
        """Stand in for the app's own `get_session`.

        Raises:
            ConcurrentRequestsError: Another request is running.
        """
        if self._request_is_running:
            raise ConcurrentRequestsError
        self._request_is_running = True
        try:
            async with self.app_sessions() as session:
                yield session
        finally:
            self._request_is_running = False

    async def before_request(self, _: httpx.Request) -> None:
        """Commit what the test has written, so that the app sees it from a session of its own."""
        await self.test_session.commit()


def _sessionmaker(connection: AsyncConnection, **options: Any) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(
        connection, join_transaction_mode="create_savepoint", expire_on_commit=False, **options
    )


@asynccontextmanager
async def isolated(engine: AsyncEngine) -> AsyncIterator[Isolation]:
    """Open a transaction that is rolled back at the end, whatever the test does to it."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        isolation = Isolation(connection)
        with _no_other_connection(engine.url.database):
            yield isolation
        try:
            await isolation.test_session.close()
            await transaction.rollback()
        except SQLAlchemyError:
            # The test broke the connection: the next one gets another.
            await connection.invalidate()


@contextmanager
def _no_other_connection(database: str | None) -> Iterator[None]:
    def refuse(_: Dialect, __: object, ___: object, parameters: dict[str, Any]) -> None:
        if parameters.get("database") == database:
            raise SeparateConnectionError

    event.listen(Engine, "do_connect", refuse)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", refuse)
