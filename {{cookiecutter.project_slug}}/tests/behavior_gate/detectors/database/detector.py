"""Work that is never committed, sessions and connections not given back, N+1, naive datetimes."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, ref

from ... import rules
from ...asgi import (
    Observer,
    current_task,
    endpoint_of,
    here,
    is_lifespan,
    is_over,
    is_websocket,
    runs_test_code,
    serving,
    subscribe,
    unsubscribe,
)
from ...awaiting import waits_at
from ...core import Detector, Phase, Request, current_request
from ...loops import run
from ...patches import Patches
from ...sql import (
    ZONELESS,
    classify,
    has_naive,
    is_temporary,
    naive_argument,
    naive_column,
    targets,
    temporary_tables,
)
from ...where import Location, stack
from .lock_waits import Login, User, describe_waits, server_pid
from .n_plus_one import N_PLUS_ONE, Repeats

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session, SessionTransaction


@dataclass(slots=True)
class Write:
    """The first change of a transaction that has not been committed."""

    what: str
    where: Location | None
    #: Made before the response went out.
    early: bool


@dataclass(slots=True, eq=False)
class Work:
    """A session or connection that a request opened, and what it has yet to commit."""

    request: Request
    opened: Location | None
    #: A test's own dependency opened it, and may close it when the test is over.
    of_test: bool = False
    closed: bool = False
    #: An exception has left its `with`, which is a rollback on purpose.
    abandoned: bool = False
    #: A change to objects, from which the next flush will make statements.
    touched: Write | None = None
    #: The first statement that wrote, for the transaction and for each savepoint in it.
    writes: dict[object, Write] = field(default_factory=dict)
    #: What a failed statement has taken back, as PostgreSQL gives up the transaction with it.
    undone: Write | None = None
    connection: Connection | None = None
    reported: bool = False

    def first_write(self) -> Write | None:
        return next(iter(self.writes.values()), None)

    def settle(self) -> None:
        self.touched = self.undone = None
        self.writes.clear()


@dataclass(slots=True, eq=False)
class CheckOut:
    """A connection that is out of the pool: for which request and task, and from which line."""

    request: Request | None
    task: ref[asyncio.Task[Any]] | None
    where: Location | None
    #: None outside requests: what a test drops unclosed, SQLAlchemy warns of.
    fairy: Any


class DatabaseDetector(Detector, Observer):
    """Watches what SQLAlchemy does on behalf of requests, never what a test does by itself."""

    name = "database"
    watches = ("sqlalchemy",)
    options = (N_PLUS_ONE,)

    def install(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Connection, Engine
        from sqlalchemy.orm import Session
        from sqlalchemy.orm.state import InstanceState
        from sqlalchemy.pool import Pool

        self._works: WeakKeyDictionary[Session, Work] = WeakKeyDictionary()
        self._raw: WeakKeyDictionary[Connection, Work] = WeakKeyDictionary()
        self._sessions_on: WeakKeyDictionary[Connection, WeakSet[Session]] = WeakKeyDictionary()
        self._connections_of: WeakKeyDictionary[Session, WeakSet[Connection]] = WeakKeyDictionary()
        # Strong references: a session or connection that is dropped unclosed is not lost on us.
        self._begun: dict[Session, Work] = {}
        self._checked_out: dict[Any, CheckOut] = {}
        self._logins: WeakKeyDictionary[Any, Login] = WeakKeyDictionary()
        self._lost: dict[Request, list[Write]] = {}
        self._failures: set[Request] = set()
        self._repeats = Repeats(self.gate)
        #: Requests that are answered with a stream of events.
        self._feeds: set[Request] = set()
        #: The temporary tables of each request. What is written there is lost in any case.
        self._temporary: dict[Request, set[str]] = {}
        #: The task whose statement a connection executes, and where a second one came between.
        self._running: dict[Connection, tuple[Any, Request]] = {}
        self._shared: dict[Request, Location | None] = {}
        self._patches = Patches(self.gate.blind, "database")
        self._listeners: list[tuple[Any, str, Any]] = [
            (Session, "after_transaction_create", self._transaction_created),
            (Session, "after_transaction_end", self._transaction_ended),
            (Session, "after_begin", self._session_connected),
            (Session, "after_commit", self._session_committed),
            (Session, "after_rollback", self._session_rolled_back),
            (Session, "transient_to_pending", self._added),
            (Engine, "do_connect", self._connecting),
            (Engine, "engine_connect", self._connected),
            (Engine, "commit", self._connection_committed),
            (Engine, "rollback", self._connection_rolled_back),
            (Engine, "before_cursor_execute", self._executing),
            (Engine, "handle_error", self._failed),
            (Engine, "after_cursor_execute", self._executed),
            (Pool, "checkout", self._connection_taken),
            (Pool, "checkin", self._connection_given_back),
            (Pool, "invalidate", self._connection_given_back),
            (Pool, "detach", self._connection_given_back),
        ]
        for listener in self._listeners:
            event.listen(*listener)
        self._patches.replace(Session, "__init__", partial(_after, self._session_made))
        self._patches.replace(Session, "delete", partial(_after, self._deleted))
        self._patches.replace(Session, "close", partial(_before, self._session_closing))
        self._patches.replace(Session, "reset", partial(_before, self._session_closing))
        exits: list[tuple[type, str]] = [(Session, "__exit__"), (Connection, "__exit__")]
        with suppress(ImportError):
            from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

            exits += [(AsyncSession, "__aexit__"), (AsyncConnection, "__aexit__")]
        for owner, name in exits:
            self._patches.replace(owner, name, partial(_before, self._left))
        # No public event tells that an object has changed before its session is flushed.
        if hasattr(InstanceState, "_modified_event"):
            self._patches.replace(
                InstanceState, "_modified_event", partial(_before, self._modified)
            )
        subscribe(self.gate, self)

    def uninstall(self) -> None:
        from sqlalchemy import event

        unsubscribe(self)
        self._patches.restore()
        for listener in self._listeners:
            event.remove(*listener)

    # Sessions

    def _session_made(self, session: Session, *_: object) -> None:
        request = serving()
        if request is not None:
            opened = self._consumer() or here(self.gate)
            self._works[session] = Work(request, opened, runs_test_code(self.gate))

    def _consumer(self) -> Location | None:
        """The line that has stepped into an asynchronous generator by itself, and has to end it."""
        generator = None
        for frame in stack(sys._getframe(1)):
            code = frame.f_code
            if self.gate.origin(code) != "application":
                if generator is not None:
                    return None
            elif not code.co_flags & inspect.CO_ASYNC_GENERATOR:
                return generator and self.gate.location(code, frame.f_lineno)
            else:
                generator = frame
        return None

    def _transaction_created(self, session: Session, transaction: SessionTransaction) -> None:
        work = self._works.get(session)
        if work is None or transaction.parent is not None:
            return
        self._begun[session] = work
        if work.closed and work.request.response_started and not work.reported:
            work.reported = True
            self.gate.report(
                rules.CLOSED_SESSION,
                what=f"a session that {_name(work.request)} had closed is used again after its"
                " response",
                where=here(self.gate),
            )

    def _session_connected(
        self, session: Session, transaction: SessionTransaction, connection: Connection
    ) -> None:
        self._sessions_on.setdefault(connection, WeakSet()).add(session)
        self._connections_of.setdefault(session, WeakSet()).add(connection)
        work = self._works.get(session)
        if work is not None and transaction.parent is None:
            work.connection = connection

    def _added(self, session: Session, instance: object) -> None:
        self._touch(session, f"a new {type(instance).__name__}")

    def _deleted(self, session: Session, instance: object) -> None:
        self._touch(session, f"a deleted {type(instance).__name__}")

    def _modified(self, state: Any, *_: object) -> None:
        if state.session_id and not state.modified and serving() is not None:
            session = state.session
            if session is not None:
                self._touch(session, f"a changed {state.class_.__name__}")

    def _touch(self, session: Session, what: str) -> None:
        work = self._works.get(session)
        if work is not None and work.touched is None:
            work.touched = Write(what, here(self.gate), not work.request.response_started)

    def _session_committed(self, session: Session) -> None:
        work = self._works.get(session)
        if work is None or session.in_nested_transaction():
            return
        write = work.first_write()
        request = work.request
        self._check_undone(work)
        if (
            write is not None
            and write.early
            and request.response_started
            and not is_websocket(request)
            and not runs_test_code(self.gate)
        ):
            self.gate.report(
                rules.LATE_COMMIT,
                what=f"{_name(request)} committed after its response ({request.status}) had gone"
                " out",
                where=here(self.gate),
            )
        work.settle()

    def _session_rolled_back(self, session: Session) -> None:
        work = self._works.get(session)
        if work is None:
            return
        boundary = session.get_nested_transaction() or session.get_transaction()
        write = work.writes.pop(boundary, None)
        if boundary is session.get_transaction():
            write = write or _unflushed(session, work)
            # What an answer promised is not taken back on purpose once it went out.
            if write is not None and write.early and work.request.response_started:
                self._lose(work, write)
            work.settle()

    def _session_closing(self, session: Session, *_: object) -> None:
        work = self._works.get(session)
        if work is None:
            return
        transaction = session.get_transaction()
        if transaction is not None and not work.writes:
            write = _unflushed(session, work)
            if write is not None:
                work.writes[transaction] = write
        work.closed = True

    def _left(self, owner: Any, _: object, error: BaseException | None, __: object) -> None:
        # Generators are closed by one as well, when all went well.
        if error is None or isinstance(error, GeneratorExit):
            return
        owner = getattr(owner, "sync_session", getattr(owner, "sync_connection", owner))
        work = self._works.get(owner) or self._raw.get(owner)
        if work is not None:
            work.abandoned = True

    def _transaction_ended(self, session: Session, transaction: SessionTransaction) -> None:
        work = self._works.get(session)
        parent = transaction.parent
        if parent is not None:
            if work is not None and transaction in work.writes:
                write = work.writes.pop(transaction)
                while not parent.nested and parent.parent is not None:
                    parent = parent.parent
                work.writes.setdefault(parent, write)
            return
        self._begun.pop(session, None)
        for used in self._connections_of.pop(session, ()):
            self._sessions_on.get(used, WeakSet()).discard(session)
        if work is None:
            return
        lost = work.first_write()
        connection = work.connection
        work.connection = None
        work.settle()
        if lost is None:
            return
        raw = self._raw.get(connection) if connection is not None else None
        if raw is not None and connection is not None and connection.in_transaction():
            # The session had joined a transaction, which decides.
            raw.writes.setdefault(None, lost)
        else:
            self._lose(work, lost)

    # Connections

    def _connected(self, connection: Connection) -> None:
        request = serving()
        if request is not None:
            self._raw[connection] = Work(request, None)

    def _connection_committed(self, connection: Connection) -> None:
        self._repeats.end(serving())
        works = list(self._works_on(connection))
        # Where a session commits, its own event comes next, and needs to know what it wrote.
        if any(work.writes for work in works) and _executing_session() is None:
            for work in works:
                work.settle()
        elif connection in self._raw:
            self._check_undone(self._raw[connection])
            self._raw[connection].settle()

    def _check_undone(self, work: Work) -> None:
        if work.undone is None:
            return
        self.gate.report(
            rules.FAILED_COMMIT,
            what=f"{_name(work.request)} committed after a statement had failed, which has taken"
            f" back {work.undone.what}",
            where=work.undone.where or here(self.gate),
        )

    def _connection_rolled_back(self, connection: Connection) -> None:
        # What is closed has only read: the next session of the request goes on from there.
        if not _is_closing(connection):
            self._repeats.end(serving())
        work = self._raw.get(connection)
        if work is None:
            return
        write = work.first_write()
        work.settle()
        if write is not None and _is_closing(connection):
            self._lose(work, write)

    def _works_on(self, connection: Connection) -> Iterator[Work]:
        if connection in self._raw:
            yield self._raw[connection]
        for session in self._sessions_on.get(connection, ()):
            if session in self._works:
                yield self._works[session]

    def _connecting(self, dialect: Any, record: Any, args: Any, kwargs: dict[str, Any]) -> None:
        if record is not None:
            self._logins[record] = Login(dialect, args, kwargs)

    def _connection_taken(self, _: object, record: Any, fairy: Any) -> None:
        request, task = serving(), current_task()
        self._checked_out[record] = CheckOut(
            request, ref(task) if task else None, here(self.gate), fairy if request else None
        )

    def _connection_given_back(self, _: object, record: Any, *__: object) -> None:
        self._checked_out.pop(record, None)

    # Statements

    def _executing(self, connection: Connection, *_: object) -> None:
        request = current_request.get()
        if request is None or not connection.dialect.is_async:
            return
        task = current_task()
        other, of_request = self._running.get(connection, (None, None))
        if other is None or other.done():
            self._running[connection] = (task, request)
        elif other is not task and of_request is request:
            self._shared.setdefault(request, here(self.gate))

    def _failed(self, context: Any) -> None:
        from sqlalchemy.exc import IntegrityError

        connection, request = context.connection, serving()
        self._running.pop(connection, None)
        # Of other errors, some come from the driver alone, and end no transaction.
        if request is None or not isinstance(context.sqlalchemy_exception, IntegrityError):
            return
        work, boundary = self._work_of(request, connection)
        in_savepoint = boundary.nested if boundary else connection.in_nested_transaction()
        if work is not None and not in_savepoint and connection.dialect.name == "postgresql":
            work.undone = work.undone or work.first_write()
            work.writes.clear()

    def _executed(
        self,
        connection: Connection,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: Any,
        executemany: bool,
    ) -> None:
        request = serving()
        if request is None:
            return
        self._running.pop(connection, None)
        kind = classify(statement)
        if kind == "write":
            self._wrote(request, connection, cursor, statement)
        elif kind == "temporary":
            self._temporary.setdefault(request, set()).update(temporary_tables(statement))
        elif kind == "select" and not is_lifespan(request):
            # The adapters of asynchronous drivers have the rows already.
            self._repeats.add(request, statement, parameters, getattr(cursor, "_rows", None))
        if connection.dialect.name not in ZONELESS and has_naive(parameters):
            self._check_datetimes(request, cursor, statement, context)

    def _wrote(self, request: Request, connection: Connection, cursor: Any, statement: str) -> None:
        if cursor.rowcount == 0 and _counts_rows(connection, statement):
            return
        work, boundary = self._work_of(request, connection)
        if work is None or boundary in work.writes or _is_autocommit(connection):
            return
        written = targets(statement)
        temporary = self._temporary.get(request, ())
        lasting = [target for target in written if not is_temporary(target.table, temporary)]
        if written and not lasting:
            # What was added, changed or deleted has gone there.
            work.touched = None
            return
        work.writes[boundary] = work.touched or Write(
            str(lasting[0]) if lasting else "a change",
            here(self.gate),
            not request.response_started,
        )

    def _work_of(
        self, request: Request, connection: Connection
    ) -> tuple[Work | None, SessionTransaction | None]:
        """Whose the running statement is, and the transaction or savepoint that it is in."""
        if not self._sessions_on.get(connection):
            return self._raw.get(connection), None
        session = self._session_of(request, connection)
        if session is None:
            return None, None
        boundary = session.get_nested_transaction() or session.get_transaction()
        return self._works.get(session), boundary

    def _session_of(self, request: Request, connection: Connection) -> Session | None:
        """The session that executes the running statement, where several share a connection."""
        sessions = self._sessions_on.get(connection, ())
        if len(sessions) == 1:
            return next(iter(sessions))
        session = _executing_session()
        if session is not None:
            return session
        ours = [session for session in sessions if self._is_of(request, session)]
        return ours[0] if len(ours) == 1 else None

    def _is_of(self, request: Request, session: Session) -> bool:
        work = self._works.get(session)
        return work is not None and work.request is request

    def _check_datetimes(self, request: Request, cursor: Any, statement: str, context: Any) -> None:
        column = naive_column(context)
        if column is None and context.is_text:
            column = naive_argument(cursor, statement, context.parameters)
        if column is None:
            return
        self.gate.report(
            rules.NAIVE_DATETIME,
            what=f"{_name(request)} bound a datetime without a time zone to {column}, which"
            " stores one",
            where=here(self.gate),
        )

    # Verdicts

    def _lose(self, work: Work, write: Write) -> None:
        """Note work that is gone, and judge it once the answer is known."""
        request = work.request
        if work.reported or work.abandoned:
            return
        if request in self.gate.open_requests:
            self._lost.setdefault(request, []).append(write)
        elif is_lifespan(request) or _has_succeeded(request):
            self._report_lost(request, write)

    def message_received(self, request: Request, data: bytes) -> None:
        self._repeats.judge(request)

    def response_started(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> None:
        if any(value.startswith(b"text/event-stream") for _, value in headers):
            self._feeds.add(request)

    def response_body(self, request: Request, chunk: bytes, more: bool) -> None:
        # Each event is an occasion of its own to look something up.
        if request in self._feeds:
            self._repeats.judge(request)

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        if error is not None or (request.status or 0) >= 500:
            # What a failure leaves open comes of the failure, which is a finding by itself.
            self._failures.add(request)
        lost = self._lost.pop(request, [])
        if error is None and _has_succeeded(request):
            for write in lost:
                self._report_lost(request, write)
        self._repeats.judge(request)
        self._feeds.discard(request)
        # Mostly SQLAlchemy raises by itself, and that is another finding.
        if request in self._shared:
            where = self._shared.pop(request)
            if error is None and (request.status or 0) < 500:
                self._report_shared(request, where)

    def _report_shared(self, request: Request, where: Location | None) -> None:
        self.gate.report(
            rules.SHARED_SESSION,
            what=f"two tasks of {_name(request)} used one session or connection at the same time",
            where=where or endpoint_of(self.gate, request),
        )

    def _report_lost(self, request: Request, write: Write) -> None:
        answered = f"answered {request.status}, and" if request.status else "has"
        self.gate.report(
            rules.LOST_COMMIT,
            what=f"{_name(request)} {answered} never committed {write.what}",
            where=write.where or endpoint_of(self.gate, request),
        )

    def end(self, phase: Phase) -> None:
        self._running.clear()
        self._repeats.judge_leftovers()
        self._temporary = {
            request: tables
            for request, tables in self._temporary.items()
            if not is_over(self.gate, request)
        }
        if phase.when == "setup":
            return
        for _ in range(5):
            if not self._left_sessions() or phase.loop is None or phase.loop.is_closed():
                break
            run(phase.loop, asyncio.sleep(0.01))
        for session, work in self._left_sessions():
            connection = work.connection
            if connection is not None and not work.reported and work.request not in self._failures:
                self._report_leak("session", work.request, work.opened)
            _finish(session.close, phase.loop, connection is not None and connection.dialect)
            self._begun.pop(session, None)
        kept = {
            id(connection.connection.dbapi_connection)
            for connections in list(self._connections_of.values())
            for connection in connections
            if not connection.closed and not connection.invalidated
        }
        for record, taken in list(self._checked_out.items()):
            request, fairy = taken.request, taken.fairy
            if request is not None and is_over(self.gate, request):
                del self._checked_out[record]
                if id(fairy.dbapi_connection) not in kept:
                    if request not in self._failures:
                        self._report_leak("connection", request, taken.where)
                    _finish(fairy.invalidate, phase.loop, fairy._pool._dialect)
        if phase.when == "teardown":
            for session, work in list(self._begun.items()):
                if work.of_test and is_over(self.gate, work.request):
                    del self._begun[session]
        self._failures.clear()

    def explain_hang(self) -> list[str]:
        taken = list(self._checked_out.items())
        users = {
            pid: self._user(check_out)
            for record, check_out in taken
            if (pid := server_pid(record.driver_connection)) is not None
        }
        logins = [self._logins[record] for record, _ in taken if record in self._logins]
        return describe_waits(logins, users)

    def _user(self, taken: CheckOut) -> User:
        task, now = taken.task() if taken.task else None, None
        if task is not None and not task.done():
            now, _ = waits_at(self.gate, task)
        name = "the test"
        if taken.request is not None:
            name = _name(taken.request)
        elif now is not None and task is not None and task is not self.gate.main_task:
            name = f"task {task.get_name()!r}"
        return User(name, taken.where, now)

    def _left_sessions(self) -> list[tuple[Session, Work]]:
        begun = list(self._begun.items())
        return [
            (session, work)
            for session, work in begun
            if is_over(self.gate, work.request) and not work.of_test
        ]

    def _report_leak(self, kind: str, request: Request, where: Location | None) -> None:
        self.gate.report(
            rules.SESSION_LEAK,
            what=f"{_name(request)} is over, and a {kind} that it opened still holds a connection",
            where=where or endpoint_of(self.gate, request),
        )


def _before(hook: Callable[..., None], original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        hook(*args)
        return original(*args, **kwargs)

    return wrapper


def _after(hook: Callable[..., None], original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        hook(*args)
        return result

    return wrapper


def _unflushed(session: Session, work: Work) -> Write | None:
    """The change that the session holds and has not sent to the database."""
    early = not work.request.response_started
    for verb, instances in (("new", session.new), ("deleted", session.deleted)):
        for instance in instances:
            return work.touched or Write(f"a {verb} {type(instance).__name__}", None, early)
    for instance in session.dirty:
        if session.is_modified(instance):
            return work.touched or Write(f"a changed {type(instance).__name__}", None, early)
    return None


def _executing_session() -> Session | None:
    """The session on the running stack."""
    from sqlalchemy.orm import Session, SessionTransaction, session

    for frame in stack(sys._getframe(1)):
        if frame.f_code.co_filename == session.__file__:
            owner = frame.f_locals.get("self")
            if isinstance(owner, SessionTransaction):
                return owner.session
            if isinstance(owner, Session):
                return owner
    return None


def _is_closing(connection: Connection) -> bool:
    """Tell the rollback of a close from one that the application asked for."""
    from sqlalchemy.engine import Transaction

    codes = (type(connection).close.__code__, Transaction.close.__code__)
    return any(frame.f_code in codes for frame in stack(sys._getframe(1)))


def _counts_rows(connection: Connection, statement: str) -> bool:
    """Whether the cursor's row count is that of the rows written."""
    if connection.dialect.name == "sqlite" and "returning" in statement.lower():
        return False
    return not statement.lstrip().lower().startswith("with")


def _is_autocommit(connection: Connection) -> bool:
    level = connection.get_execution_options().get("isolation_level")
    level = level or getattr(connection.dialect, "_on_connect_isolation_level", None)
    return level == "AUTOCOMMIT"


def _finish(
    action: Callable[[], object], loop: asyncio.AbstractEventLoop | None, dialect: Any
) -> None:
    """Give back what a request left open, so that it can't disturb the next test."""
    from sqlalchemy.util import greenlet_spawn

    # Whatever goes wrong here comes of the defect that has just been reported.
    with suppress(Exception):
        if not getattr(dialect, "is_async", False):
            action()
        elif loop is not None and not loop.is_closed():
            run(loop, asyncio.wait_for(greenlet_spawn(action), 1))


def _has_succeeded(request: Request) -> bool:
    return is_websocket(request) or (request.status is not None and request.status < 400)


def _name(request: Request) -> str:
    return f"{request.method} {request.path}" if request.path else "the lifespan"
