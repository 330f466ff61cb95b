"""One connection that all sessions of a test share, taking turns.

Engines get a `LentConnection` in place of their own connection of asyncpg. Its BEGIN, COMMIT and
ROLLBACK work on a savepoint in the one transaction of the test, so that they do what they do in
production. Only the outer transaction never commits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg

from .errors import (
    REAL_COMMITS,
    ConcurrentRequestsError,
    IsolationError,
    OneConnectionError,
    OuterTransactionError,
    OverlappingTransactionsError,
)
from .requests import Request, current_request
from .statements import (
    ABOUT_THE_SERVER,
    ADVISORY_LOCK,
    CHANGES_SCHEMA,
    LISTENS,
    NOTIFIES,
    SAVEPOINTS,
    dropped_at_commit,
    ends_transaction,
    functions,
    local_settings,
    reads,
)

if TYPE_CHECKING:
    from .lent import LentConnection

PATIENCE_S = 2.0
"""How long a transaction waits for another one to end."""

PREPARED_STATEMENTS = 500

SAVEPOINT = "isolation_of_the_test"
NEW_SAVEPOINT = f"SAVEPOINT {SAVEPOINT}"
RELEASE = f"RELEASE SAVEPOINT {SAVEPOINT}"

ABORTED = "current transaction is aborted, commands ignored until end of transaction block"

ERRORS_OF_DRIVER = (
    *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
    OSError,
)

NEED_NO_TRANSACTION = (
    asyncpg.ActiveSQLTransactionError,
    asyncpg.InvalidTransactionTerminationError,
)

NO_SNAPSHOT = "a transaction would see what another one has committed since it began"
NO_NOTIFICATION = "no notification is sent, since its transaction never commits"
NO_ADVISORY_LOCK = "an advisory lock that another session holds does not block"


class Savepoint(NamedTuple):
    """A savepoint of a session, which PostgreSQL keeps after a rollback to it."""

    name: str
    first_write: str
    """What the session had written before it."""
    is_undone: bool = False


class RealConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection whose transaction can begin with more, in the same round trip."""

    after_begin = ""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        if self.after_begin and query.startswith("BEGIN"):
            query = f"{query.rstrip(';')};{self.after_begin}"
        status: str = await super().execute(query, *args, timeout=timeout)
        return status


class SharedConnection:
    """The connection that one test after another uses, its transaction, and whose turn it is."""

    def __init__(
        self, connection: RealConnection, take_back: str, volatile: frozenset[str], deferred: str
    ) -> None:
        """Take over a connection of asyncpg.

        Args:
            take_back: Undoes what a rollback leaves of the tests before, as an SQL statement.
            volatile: The names of the functions that may write.
            deferred: The constraints that are checked at the commit, as a list for SQL.
        """
        self.connection: Any = connection
        #: The transaction of a test is open.
        self.is_lent = False
        #: Raised in code that may have caught them.
        self.refusals: list[IsolationError] = []
        #: Its codecs or listeners are not those of a new connection.
        self.is_altered = False
        self._loop = asyncio.get_running_loop()
        self._take_back = take_back
        self._volatile = volatile
        self._deferred = deferred
        self._turn = asyncio.Condition()
        # Makes the savepoint of the next transaction, unless there is one without changes since.
        self._next_savepoint = ""
        # The one whose changes are neither committed nor rolled back.
        self._writer: LentConnection | None = None
        self._prepared: dict[str, Any] = {}
        self._has_changed_schema = False
        self._codecs: dict[tuple[str, str], object] = {}
        self._commits = 0
        # Shows the owner of a savepoint inside it whether that still exists.
        self._savepoint_number = 0
        self._has_listener = False
        self._advisory_locks: dict[object, LentConnection] = {}
        # Nothing has been set or written in this test.
        self._is_untouched = True
        # What engines ask a new connection, and what it answers.
        self._answers: dict[str, Any] = {}
        # The latest request that has used it.
        self._request: Request | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Begin the transaction of one test, and roll it back at the end."""
        transaction, can_be_used_again = self.connection.transaction(), False
        self.connection.after_begin = f"{self._take_back};{NEW_SAVEPOINT}"
        try:
            await transaction.start()
            self.connection.after_begin = ""
            try:
                yield
            finally:
                # If the test broke the connection, the next test gets a new one.
                with suppress(*ERRORS_OF_DRIVER):
                    await transaction.rollback()
                    can_be_used_again = not self.is_altered
        finally:
            if not can_be_used_again:
                self.connection.terminate()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Lend it for one test, whose transaction has begun."""
        self.is_lent, self.refusals = True, []
        self._next_savepoint, self._writer = "", None
        self._has_listener, self._advisory_locks = False, {}
        self._is_untouched = True
        try:
            yield
        finally:
            self.is_lent = False
            if self._has_changed_schema:
                self.forget_prepared()

    def is_on_this_loop(self) -> bool:
        return asyncio._get_running_loop() is self._loop

    @asynccontextmanager
    async def turn(
        self, lent: LentConnection, statement: str, arguments: tuple[Any, ...] | None = None
    ) -> AsyncIterator[None]:
        """Hold the connection for one statement, once no other transaction has changes.

        Raises:
            ConcurrentRequestsError: Another request, which goes on, has used it.
            OneConnectionError: The statement needs its own connection.
            OuterTransactionError: The statement would end the transaction of the test.
            OverlappingTransactionsError: The other transaction does not end.
        """
        self._check_it_has_one_request()
        if ends_transaction(statement):
            raise self.refuse(OuterTransactionError(statement))
        if not lent.in_transaction and (match := SAVEPOINTS.match(statement)):
            raise asyncpg.NoActiveSQLTransactionError(
                f"{match['kind'].upper()} can only be used in transaction blocks"
            )
        if not lent.is_connected:
            async with self._connecting(lent, statement):
                yield
            return
        async with self._turn:
            await self._end_abandoned()
            if lent.failed and self._writer is not lent:
                raise asyncpg.InFailedSQLTransactionError(ABORTED)
            await self._wait_for_others(lent, statement)
            if arguments is not None:
                self._check_it_needs_no_other(lent, statement, arguments)
            only_reads = self._only_reads(statement)
            if self._next_savepoint:
                await self.connection.execute(self._next_savepoint)
                self._next_savepoint = ""
            if self._writer is None and not only_reads:
                await self._take_turn(lent)
            self._has_changed_schema |= CHANGES_SCHEMA.match(statement) is not None
            if arguments is not None and not only_reads:
                await self._prepare_commit(lent, statement, arguments)
            lent.task = asyncio.current_task()
            try:
                yield
            except BaseException as error:
                if _has_ended_transaction(error):
                    await self._fail(lent, statement, error)
                if isinstance(error, NEED_NO_TRANSACTION):
                    error.add_note(REAL_COMMITS)
                raise
            else:
                lent.failed = False
                if arguments is not None and not only_reads:
                    await self._has_written(lent, statement)
            finally:
                if not lent.in_transaction:
                    # In autocommit mode, each statement is a transaction.
                    await self._end(lent, commit=True)
                    lent.failed = False

    def _check_it_has_one_request(self) -> None:
        request = current_request.get()
        if request is None or not request.goes_on or request is self._request:
            return
        if self._request is not None and self._request.goes_on:
            raise self.refuse(ConcurrentRequestsError())
        self._request = request

    def _check_it_needs_no_other(
        self, lent: LentConnection, statement: str, arguments: tuple[Any, ...]
    ) -> None:
        if lent.has_snapshot:
            lent.commits_seen = self._commits if lent.commits_seen is None else lent.commits_seen
            if lent.commits_seen != self._commits:
                raise self.refuse(OneConnectionError(statement, NO_SNAPSHOT))
        self._has_listener |= LISTENS.match(statement) is not None
        if self._has_listener and NOTIFIES.search(statement):
            raise self.refuse(OneConnectionError(statement, NO_NOTIFICATION))
        for lock in ADVISORY_LOCK.finditer(statement):
            key = (lock["key"], arguments)
            owner = self._advisory_locks.get(key)
            if lock["unlock"]:
                self._advisory_locks.pop(key, None)
            elif owner in {None, lent} or owner.is_closed():
                self._advisory_locks[key] = lent
            else:
                raise self.refuse(OneConnectionError(statement, NO_ADVISORY_LOCK))

    async def _prepare_commit(
        self, lent: LentConnection, statement: str, arguments: tuple[Any, ...]
    ) -> None:
        """Record what PostgreSQL does at a commit, but not at the end of a savepoint."""
        lent.dropped_at_commit.extend(dropped_at_commit(statement))
        for name in local_settings(statement, arguments):
            if name not in lent.local_settings:
                before = await self.connection.fetchval("SELECT current_setting($1, true)", name)
                lent.local_settings[name] = before or ""

    async def _fail(self, lent: LentConnection, statement: str, error: BaseException) -> None:
        # PostgreSQL accepts no other statement before a rollback.
        lent.failed = True
        if isinstance(error, Exception) and not lent.savepoints and self._writer in {None, lent}:
            # The transaction can only roll back: others need not wait for it.
            await self._roll_back()
            self._give_turn()
        else:
            if self._writer is not lent:
                await self._take_turn(lent)
            lent.first_write = lent.first_write or statement

    async def _has_written(self, lent: LentConnection, statement: str) -> None:
        match = SAVEPOINTS.match(statement)
        if match is None:
            lent.first_write = lent.first_write or statement
            return
        if match["begin"]:
            lent.savepoints.append(Savepoint(match["name"], lent.first_write))
        while lent.savepoints and not match["begin"]:
            savepoint = lent.savepoints.pop()
            if savepoint.name != match["name"]:
                continue
            if match["rollback"]:
                lent.first_write = savepoint.first_write
                lent.savepoints.append(savepoint._replace(is_undone=True))
            break
        if not lent.first_write and all(savepoint.is_undone for savepoint in lent.savepoints):
            # It has written nothing, after all.
            if lent.is_read_only:
                await self._roll_back()
            self._give_turn()

    async def _roll_back(self) -> None:
        self._savepoint_number += 1
        await self.connection.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")

    def _give_turn(self) -> None:
        self._writer = None
        self._turn.notify_all()

    async def _take_turn(self, lent: LentConnection) -> None:
        self._writer, lent.first_write, self._is_untouched = lent, "", False
        lent.local_settings, lent.dropped_at_commit = {}, []
        if lent.savepoint_number != self._savepoint_number:
            lent.savepoint_number, lent.savepoints = self._savepoint_number, []
        if lent.is_read_only:
            # The end of the savepoint resets it.
            await self.connection.execute("SET TRANSACTION READ ONLY")

    @asynccontextmanager
    async def _connecting(self, lent: LentConnection, statement: str) -> AsyncIterator[None]:
        # What an engine sets for a new connection belongs to no transaction.
        async with self._turn:
            if not self._only_reads(statement):
                lent.is_as_opened = self._is_untouched = False
                if self._writer is None:
                    if self._next_savepoint != NEW_SAVEPOINT:
                        await self.connection.execute(RELEASE)
                    self._next_savepoint = NEW_SAVEPOINT
            yield

    async def answer(
        self, lent: LentConnection, query: str, ask: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Answer a query: what each engine asks its new connection takes a round trip only once."""
        opens = not lent.is_connected and lent.is_as_opened and ABOUT_THE_SERVER.match(query)
        if opens and query in self._answers:
            return self._answers[query]
        rows = await ask()
        if opens and self._is_untouched:
            self._answers[query] = rows
        return rows

    async def end(self, lent: LentConnection, *, commit: bool) -> None:
        """Commit or roll back what a transaction has written."""
        lent.in_transaction = False
        if self._writer is lent:
            async with self._turn:
                await self._end(lent, commit=commit)
        lent.failed = False

    async def _end(self, lent: LentConnection, *, commit: bool) -> None:
        if self._writer is not lent:
            return
        try:
            if commit and not lent.failed:
                await self._check_deferred_constraints()
                for table in lent.dropped_at_commit:
                    await self.connection.execute(f"DROP TABLE IF EXISTS {table}")
                # The next transaction releases it, if there is one: that takes no round trip.
                self._next_savepoint = f"{RELEASE};{NEW_SAVEPOINT}"
                self._savepoint_number += 1
                self._commits += 1
                for name, value in lent.local_settings.items():
                    await self.connection.fetchval("SELECT set_config($1, $2, true)", name, value)
            else:
                await self._roll_back()
        finally:
            lent.failed = False
            self._give_turn()

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

    def forget_prepared(self) -> None:
        """Drop the plans of statements, after a change of the schema."""
        self._prepared.clear()
        self._has_changed_schema = False

    async def _wait_for_others(self, lent: LentConnection, statement: str) -> None:
        writer = self._writer
        if writer is None or writer is lent:
            return
        # If this task itself would have to commit first, waiting does not help.
        if writer.task is not asyncio.current_task():
            try:
                async with self._patience():
                    await self._turn.wait_for(lambda: self._writer in {None, lent})
            except TimeoutError:
                pass
            else:
                return
        other = writer.first_write or "SAVEPOINT"
        raise self.refuse(OverlappingTransactionsError(statement, other))

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        # A test may have stopped the clock of the event loop, but not that of a thread.
        async with asyncio.timeout(None) as patience:

            def end() -> None:
                # The turn may have come at the same time.
                with suppress(RuntimeError):
                    patience.reschedule(self._loop.time())

            timer = threading.Timer(PATIENCE_S, self._loop.call_soon_threadsafe, (end,))
            timer.daemon = True
            timer.start()
            try:
                yield
            finally:
                timer.cancel()

    def refuse(self, error: IsolationError) -> IsolationError:
        self.refusals.append(error)
        return error

    def _only_reads(self, statement: str) -> bool:
        return reads(statement) and self._volatile.isdisjoint(functions(statement))

    async def set_type_codec(self, typename: str, **options: Any) -> None:
        schema = options.get("schema", "public")
        codec = {name: getattr(value, "__code__", value) for name, value in options.items()}
        if self._codecs.get((schema, typename)) == codec:
            # Each engine that connects sets the codecs of SQLAlchemy.
            return
        self.is_altered |= not _is_of_sqlalchemy(options)
        self._codecs[schema, typename] = codec
        self.forget_prepared()
        async with self._turn:
            await self.connection.set_type_codec(typename, **options)

    async def _check_deferred_constraints(self) -> None:
        if not self._deferred:
            return
        try:
            await self.connection.execute(
                f"SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS {self._deferred} DEFERRED"
            )
        except asyncpg.PostgresError:
            await self._roll_back()
            raise


def _is_of_sqlalchemy(options: dict[str, Any]) -> bool:
    return str(getattr(options.get("decoder"), "__module__", "")).startswith("sqlalchemy.")


def _has_ended_transaction(error: BaseException) -> bool:
    if isinstance(error, Exception) and not isinstance(error, TimeoutError):
        # An error that asyncpg itself raises, about a wrong argument, has no severity.
        return getattr(error, "severity", None) is not None
    return True
