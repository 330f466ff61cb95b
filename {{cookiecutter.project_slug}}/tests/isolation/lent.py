"""What an engine uses as a connection of asyncpg: it takes turns on that of the test."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

import asyncpg

from .connection import Savepoint, SharedConnection


class LentConnection:
    """What an engine uses as a connection of asyncpg."""

    def __init__(self, shared: SharedConnection, server_settings: dict[str, str]) -> None:
        self.shared = shared
        #: The engine has set it up, and it is in use.
        self.is_connected = False
        #: Nothing has been set on it since it was opened.
        self.is_as_opened = True
        self.in_transaction = False
        self.is_read_only = False
        #: Its transaction sees no changes since its first statement.
        self.has_snapshot = False
        self.commits_seen: int | None = None
        #: A statement of its transaction has failed.
        self.failed = False
        self.savepoints: list[Savepoint] = []
        self.savepoint_number = 0
        self.local_settings: dict[str, str] = {}
        self.dropped_at_commit: list[str] = []
        #: The task that has sent the latest statement.
        self.task: asyncio.Task[Any] | None = None
        self.first_write = ""
        self._server_settings = server_settings
        self._closed = False

    def __await__(self) -> Generator[Any, None, LentConnection]:
        return self._set_up().__await__()

    async def _set_up(self) -> LentConnection:
        for name, value in self._server_settings.items():
            await self.execute("SELECT set_config($1, $2, false)", name, str(value))
        return self

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.shared.connection, name)
        if name.startswith(("add_", "set_", "reset_")):
            self.shared.is_altered = True
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        @wraps(attribute)
        async def in_turn(*args: Any, **kwargs: Any) -> Any:
            statement, arguments = "LISTEN" if name == "add_listener" else "SELECT", args[1:]
            if name.startswith(("execute", "fetch")):
                statement = args[0]
            elif name.startswith("copy_"):
                statement = "COPY"
            async with self.shared.turn(self, statement, arguments):
                return await attribute(*args, **kwargs)

        return in_turn

    async def set_type_codec(self, typename: str, **options: Any) -> None:
        await self.shared.set_type_codec(typename, **options)

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    def is_closed(self) -> bool:
        return self._closed or not self.shared.is_lent or self.shared.connection.is_closed()

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        is_open = not self.is_closed()
        self._closed = True
        if is_open:
            await self.shared.end(self, commit=False)

    def terminate(self) -> None:
        # What it has not committed is rolled back at the next turn.
        self._closed = True

    async def prepare(self, query: str, **_: Any) -> LentStatement:
        return LentStatement(self, query, await self.shared.prepare(self, query))

    def transaction(
        self, *, isolation: str | None = None, readonly: bool = False, **_: Any
    ) -> LentTransaction:
        """Begin a transaction."""
        if self.in_transaction:
            return NestedTransaction(self)
        return LentTransaction(self, isolation in {"repeatable_read", "serializable"}, readonly)

    def cursor(self, query: str, *args: Any, **_: Any) -> Cursors:
        async def prepare() -> Any:
            return await self.prepare(query)

        return Cursors(self, prepare, args)

    async def fetchrow(self, query: str, *args: Any, **kwargs: Any) -> Any:
        # SQLAlchemy sends this to check that the connection is alive.
        if query == ";" and not self.is_closed():
            return None
        async with self.shared.turn(self, query):
            return await self.shared.connection.fetchrow(query, *args, **kwargs)

    async def reload_schema_state(self) -> None:
        self.shared.forget_prepared()
        async with self.shared.turn(self, "SELECT"):
            await self.shared.connection.reload_schema_state()


class LentTransaction:
    """A transaction of one session."""

    def __init__(
        self, lent: LentConnection, has_snapshot: bool = False, is_read_only: bool = False
    ) -> None:
        self._lent = lent
        self._has_snapshot = has_snapshot
        self._is_read_only = is_read_only

    async def start(self) -> None:
        self._lent.in_transaction = True
        self._lent.has_snapshot, self._lent.commits_seen = self._has_snapshot, None
        self._lent.is_read_only = self._is_read_only

    async def commit(self) -> None:
        await self._lent.shared.end(self._lent, commit=True)

    async def rollback(self) -> None:
        await self._lent.shared.end(self._lent, commit=False)

    async def __aenter__(self) -> LentTransaction:
        await self.start()
        return self

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        await (self.rollback() if error else self.commit())


class NestedTransaction(LentTransaction):
    """A transaction inside that of a session, for which asyncpg uses a savepoint."""

    def __init__(self, lent: LentConnection) -> None:
        super().__init__(lent)
        self._savepoint = lent.shared.connection.transaction()

    async def start(self) -> None:
        async with self._lent.shared.turn(self._lent, "SAVEPOINT nested", ()):
            await self._savepoint.start()

    async def commit(self) -> None:
        async with self._lent.shared.turn(self._lent, "RELEASE SAVEPOINT nested", ()):
            await self._savepoint.commit()

    async def rollback(self) -> None:
        async with self._lent.shared.turn(self._lent, "ROLLBACK TO SAVEPOINT nested", ()):
            await self._savepoint.rollback()


class LentStatement:
    """A prepared statement, executed in the turn of its connection."""

    def __init__(self, lent: LentConnection, query: str, statement: Any) -> None:
        self._lent = lent
        self._query = query
        self._statement = statement

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._statement, name)
        if not inspect.iscoroutinefunction(inspect.unwrap(attribute)):
            return attribute

        @wraps(attribute)
        async def in_turn(*args: Any, **kwargs: Any) -> Any:
            async with self._in_turn(args) as statement:
                return await getattr(statement, name)(*args, **kwargs)

        return in_turn

    async def fetch(self, *args: Any, **options: Any) -> Any:
        async def execute() -> Any:
            async with self._in_turn(args) as statement:
                return await statement.fetch(*args, **options)

        return await self._lent.shared.answer(self._lent, self._query, execute)

    def cursor(self, *args: Any, **_: Any) -> Cursors:
        async def prepare() -> LentStatement:
            return self

        return Cursors(self._lent, prepare, args)

    async def open_cursor(self, args: tuple[Any, ...]) -> LentCursor:
        async with self._in_turn(args) as statement:
            return LentCursor(self._lent, self._query, await statement.cursor(*args))

    @asynccontextmanager
    async def _in_turn(self, args: tuple[Any, ...]) -> AsyncIterator[Any]:
        # An engine may keep it longer than its plan is valid.
        self._statement = await self._lent.shared.prepare(self._lent, self._query)
        async with self._lent.shared.turn(self._lent, self._query, args):
            yield self._statement


class Cursors:
    """A cursor when it is awaited, and the rows when it is iterated."""

    def __init__(
        self,
        lent: LentConnection,
        prepare: Callable[[], Awaitable[LentStatement]],
        args: tuple[Any, ...],
    ) -> None:
        self._lent = lent
        self._prepare = prepare
        self._args = args

    def __await__(self) -> Generator[Any, None, LentCursor]:
        return self._open().__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        cursor = await self
        while rows := await cursor.fetch(50):
            for row in rows:
                yield row

    async def _open(self) -> LentCursor:
        if not self._lent.in_transaction:
            raise asyncpg.NoActiveSQLTransactionError(
                "cursor cannot be created outside of a transaction"
            )
        return await (await self._prepare()).open_cursor(self._args)


class LentCursor:
    """The rows of a statement, in batches."""

    def __init__(self, lent: LentConnection, query: str, cursor: Any) -> None:
        self._lent = lent
        self._query = query
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._cursor, name)
        if not inspect.iscoroutinefunction(inspect.unwrap(attribute)):
            return attribute

        @wraps(attribute)
        async def in_turn(*args: Any, **kwargs: Any) -> Any:
            async with self._lent.shared.turn(self._lent, self._query):
                return await attribute(*args, **kwargs)

        return in_turn
