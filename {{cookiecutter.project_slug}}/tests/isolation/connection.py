"""One connection that every session of a test works on, in turns.

Engines get a `LentConnection` of asyncpg in place of one of their own. Its BEGIN, COMMIT and
ROLLBACK are a savepoint in the one transaction of the test, so that they do what they do in
production, and only the outer transaction never commits.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import Any

import asyncpg

from .errors import (
    REAL_COMMITS,
    IsolationError,
    OuterTransactionError,
    OverlappingTransactionsError,
)

PATIENCE_S = 2.0
"""How long a transaction waits for another one to end."""

PREPARED_STATEMENTS = 500

ENDS_TRANSACTION = re.compile(
    r"\s*(COMMIT|END|ABORT|ROLLBACK(?!\s+TO)|PREPARE\s+TRANSACTION)\b", re.IGNORECASE
)
READS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(SELECT|VALUES|TABLE|SHOW|WITH)\b", re.IGNORECASE | re.DOTALL
)
LOCKS_OR_WRITES = re.compile(
    r"\bFOR\s+((NO\s+)?KEY\s+)?(UPDATE|SHARE)\b|\b(INSERT|UPDATE|DELETE|MERGE|INTO)\b",
    re.IGNORECASE,
)
CHANGES_SCHEMA = re.compile(r"\s*(CREATE|ALTER|DROP)\b", re.IGNORECASE)
FUNCTION = re.compile(r"(\w+)\"?\s*\(")


class SharedConnection:
    """The connection of one test after the other, its one transaction, and whose turn it is."""

    def __init__(self, connection: Any, volatile: frozenset[str], deferred: str) -> None:
        """Take over a connection of asyncpg.

        Args:
            volatile: The names of the functions that may write.
            deferred: The constraints that are checked at the commit, as a list for SQL.
        """
        self.connection = connection
        #: The transaction of a test is open.
        self.is_lent = False
        #: Raised in code that may have caught them.
        self.refusals: list[IsolationError] = []
        self._loop = asyncio.get_running_loop()
        self._volatile = volatile
        self._deferred = deferred
        self._turn = asyncio.Condition()
        # Nothing was written since the savepoint, which the next transaction may use.
        self._has_savepoint = False
        # Whose changes are neither committed nor rolled back.
        self._writer: LentConnection | None = None
        self._prepared: dict[str, Any] = {}
        #: How types are read and written, by type.
        self._codecs: dict[str, Any] = {}
        self._has_changed_schema = False

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Lend it for one test, whose transaction has begun."""
        self.is_lent, self.refusals = True, []
        self._has_savepoint, self._writer = False, None
        try:
            yield
        finally:
            self.is_lent = False
            if self._has_changed_schema:
                self.forget_prepared()

    def lend(self) -> LentConnection:
        """Stand in for `asyncpg.connect`, whose result is awaited."""
        return LentConnection(self)

    def is_on_this_loop(self) -> bool:
        return asyncio._get_running_loop() is self._loop

    @asynccontextmanager
    async def turn(self, lent: LentConnection, statement: str) -> AsyncIterator[None]:
        """Keep the connection for one statement, as soon as no other transaction has changes.

        Raises:
            OuterTransactionError: The statement would end the transaction of the test.
            OverlappingTransactionsError: The other transaction does not end.
        """
        if ENDS_TRANSACTION.match(statement):
            raise self.refuse(OuterTransactionError(statement))
        if not lent.is_connected:
            async with self._connecting(statement):
                yield
            return
        async with self._turn:
            await self._end_abandoned()
            await self._wait_for_others(lent, statement)
            if not self._has_savepoint:
                await self.connection.execute("SAVEPOINT test")
                self._has_savepoint = True
            if self._writer is None and not self._only_reads(statement):
                self._writer = lent
            self._has_changed_schema |= CHANGES_SCHEMA.match(statement) is not None
            if self._writer is lent and not lent.first_write:
                lent.first_write = "" if statement.startswith("SAVEPOINT") else statement
            lent.task = asyncio.current_task()
            try:
                yield
            except BaseException as error:
                if _has_ended_transaction(error):
                    # PostgreSQL takes no other statement before a rollback.
                    self._writer, lent.failed = lent, True
                    lent.first_write = lent.first_write or statement
                if isinstance(error, asyncpg.ActiveSQLTransactionError):
                    error.add_note(REAL_COMMITS)
                raise
            else:
                lent.failed = False
            finally:
                if not lent.in_transaction:
                    # It commits each statement by itself.
                    await self._end(lent, commit=True)

    @asynccontextmanager
    async def _connecting(self, statement: str) -> AsyncIterator[None]:
        # What an engine sets for a new connection belongs to no transaction.
        async with self._turn:
            if self._has_savepoint and self._writer is None and not self._only_reads(statement):
                self._has_savepoint = False
                await self.connection.execute("RELEASE SAVEPOINT test")
            yield

    async def end(self, lent: LentConnection, *, commit: bool) -> None:
        """Keep what a transaction has written, or take it back."""
        lent.in_transaction = False
        if self._writer is lent:
            async with self._turn:
                await self._end(lent, commit=commit)

    async def _end(self, lent: LentConnection, *, commit: bool) -> None:
        if self._writer is not lent:
            return
        try:
            if commit and not lent.failed:
                await self._check_deferred_constraints()
                self._has_savepoint = False
                await self.connection.execute("RELEASE SAVEPOINT test")
            else:
                await self.connection.execute("ROLLBACK TO SAVEPOINT test")
        finally:
            self._writer, lent.failed, lent.first_write = None, False, ""
            self._turn.notify_all()

    async def _end_abandoned(self) -> None:
        if self._writer is not None and self._writer.is_closed():
            await self._end(self._writer, commit=False)

    async def prepare(self, lent: LentConnection, query: str) -> Any:
        if query not in self._prepared:
            async with self.turn(lent, query):
                if len(self._prepared) >= PREPARED_STATEMENTS:
                    self._prepared.clear()
                self._prepared[query] = await self.connection.prepare(query)
        return self._prepared[query]

    def has_codec(self, type_: str, options: Mapping[str, Any]) -> bool:
        """Whether an engine sets how a type is read and written, as another one has done before.

        Else asyncpg forgets the types that it has looked up, on which prepared statements rest.
        """
        codec = {name: _meaning(value) for name, value in options.items()}
        if self._codecs.get(type_) == codec:
            return True
        self._codecs[type_] = codec
        self.forget_prepared()
        return False

    def forget_prepared(self) -> None:
        """Drop the plans of statements, after a change of the schema."""
        self._prepared.clear()
        self._has_changed_schema = False

    async def _wait_for_others(self, lent: LentConnection, statement: str) -> None:
        writer = self._writer
        if writer is None or writer is lent:
            return
        # The task that would have to commit waits for this statement.
        if writer.task is not asyncio.current_task():
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._turn.wait_for(lambda: self._writer in {None, lent})
            except TimeoutError:
                pass
            else:
                return
        raise self.refuse(OverlappingTransactionsError(statement, writer.first_write))

    def refuse(self, error: IsolationError) -> IsolationError:
        self.refusals.append(error)
        return error

    def _only_reads(self, statement: str) -> bool:
        return (
            READS.match(statement) is not None
            and LOCKS_OR_WRITES.search(statement) is None
            and self._volatile.isdisjoint(FUNCTION.findall(statement.lower()))
        )

    async def _check_deferred_constraints(self) -> None:
        if not self._deferred:
            return
        try:
            await self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except asyncpg.PostgresError:
            await self.connection.execute("ROLLBACK TO SAVEPOINT test")
            raise
        await self.connection.execute(f"SET CONSTRAINTS {self._deferred} DEFERRED")


def _meaning(value: Any) -> Any:
    """What tells functions apart that are made anew for each engine."""
    code = getattr(value, "__code__", None)
    return (code, [cell.cell_contents for cell in value.__closure__ or ()]) if code else value


def _has_ended_transaction(error: BaseException) -> bool:
    if isinstance(error, Exception) and not isinstance(error, TimeoutError):
        # One that asyncpg raises by itself, of a wrong argument, has no severity.
        return getattr(error, "severity", None) is not None
    return True


class LentConnection:
    """What an engine takes for a connection of asyncpg."""

    def __init__(self, shared: SharedConnection) -> None:
        self.shared = shared
        #: The engine has set it up, and someone works with it.
        self.is_connected = False
        self.in_transaction = False
        self.failed = False
        #: The task that has sent the latest statement.
        self.task: asyncio.Task[Any] | None = None
        self.first_write = ""
        self._closed = False

    def __await__(self) -> Generator[None, None, LentConnection]:
        yield from ()
        return self

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.shared.connection, name)
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        @wraps(attribute)
        async def in_turn(*args: Any, **kwargs: Any) -> Any:
            statement = "SELECT"
            if name.startswith(("execute", "fetch")):
                statement = args[0]
            elif name.startswith("copy_"):
                statement = "COPY"
            async with self.shared.turn(self, statement):
                return await attribute(*args, **kwargs)

        return in_turn

    def is_closed(self) -> bool:
        return self._closed or not self.shared.is_lent or self.shared.connection.is_closed()

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._closed = True
        if self.shared.is_lent:
            await self.shared.end(self, commit=False)

    def terminate(self) -> None:
        # What it has not committed is taken back at the next turn.
        self._closed = True

    async def prepare(self, query: str, **_: Any) -> LentStatement:
        return LentStatement(self, query, await self.shared.prepare(self, query))

    def transaction(self, **_: Any) -> LentTransaction:
        """Begin a transaction. It is serial: its level of isolation makes no difference."""
        if self.in_transaction:
            return NestedTransaction(self)
        return LentTransaction(self)

    async def fetchrow(self, query: str, *args: Any, **kwargs: Any) -> Any:
        # SQLAlchemy asks by it whether the connection still lives.
        if query == ";" and not self.is_closed():
            return None
        async with self.shared.turn(self, query):
            return await self.shared.connection.fetchrow(query, *args, **kwargs)

    async def set_type_codec(self, type_: str, **options: Any) -> None:
        if not self.shared.has_codec(type_, options):
            async with self.shared.turn(self, "SELECT"):
                await self.shared.connection.set_type_codec(type_, **options)

    async def reload_schema_state(self) -> None:
        self.shared.forget_prepared()
        async with self.shared.turn(self, "SELECT"):
            await self.shared.connection.reload_schema_state()


class LentTransaction:
    """A transaction of one session."""

    def __init__(self, lent: LentConnection) -> None:
        self._lent = lent

    async def start(self) -> None:
        self._lent.in_transaction = True

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
    """A transaction inside the one of a session, which asyncpg makes a savepoint."""

    def __init__(self, lent: LentConnection) -> None:
        super().__init__(lent)
        self._savepoint = lent.shared.connection.transaction()

    async def start(self) -> None:
        async with self._lent.shared.turn(self._lent, "SAVEPOINT"):
            await self._savepoint.start()

    async def commit(self) -> None:
        async with self._lent.shared.turn(self._lent, "RELEASE SAVEPOINT"):
            await self._savepoint.commit()

    async def rollback(self) -> None:
        async with self._lent.shared.turn(self._lent, "ROLLBACK TO SAVEPOINT"):
            await self._savepoint.rollback()


class LentStatement:
    """A prepared statement, executed in the turn of its connection."""

    def __init__(self, lent: LentConnection, query: str, statement: Any) -> None:
        self._lent = lent
        self._query = query
        self._statement = statement

    def __getattr__(self, name: str) -> Any:
        return getattr(self._statement, name)

    async def fetch(self, *args: Any) -> Any:
        async with self._in_turn() as statement:
            return await statement.fetch(*args)

    async def cursor(self, *args: Any) -> LentCursor:
        async with self._in_turn() as statement:
            return LentCursor(self._lent, self._query, await statement.cursor(*args))

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[Any]:
        # An engine keeps it for longer than the plan is good for.
        self._statement = await self._lent.shared.prepare(self._lent, self._query)
        async with self._lent.shared.turn(self._lent, self._query):
            yield self._statement


class LentCursor:
    """The rows of a statement, in parts."""

    def __init__(self, lent: LentConnection, query: str, cursor: Any) -> None:
        self._lent = lent
        self._query = query
        self._cursor = cursor

    async def fetch(self, number: int) -> Any:
        async with self._lent.shared.turn(self._lent, self._query):
            return await self._cursor.fetch(number)
