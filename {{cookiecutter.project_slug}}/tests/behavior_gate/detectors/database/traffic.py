"""What SQLAlchemy does, and on whose behalf: sessions, connections and statements of requests."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, ref

from ...asgi import Observer, here, runs_test_code, serving
from ...awaiting import current_task
from ...core import Gate, Phase, Request
from ...patches import Patches
from ...where import Location, stack
from .containers import is_in_container
from .hooks import after
from .owners import Owners
from .records import CheckOut, Line, Statement, Work

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Transaction
    from sqlalchemy.orm import Session, SessionTransaction

Listener = tuple[Any, str, Callable[..., Any]]


class Part(Observer):
    """Watches for some of the family's rules. A subclass overrides what it needs."""

    traffic: Traffic
    gate: Gate

    def __init__(self, traffic: Traffic) -> None:
        self.traffic, self.gate = traffic, traffic.gate

    def listeners(self) -> list[Listener]:
        """Name the events of SQLAlchemy that it listens to."""
        return []

    def patch(self, patches: Patches) -> None:
        """Replace what has no event."""

    def executed(self, statement: Statement) -> None:
        """A request has executed a statement."""

    def end(self, phase: Phase) -> None:
        """Judge a phase that has just run."""


class Traffic(Part):
    """Knows whose each session, connection and statement is."""

    def __init__(self, gate: Gate) -> None:
        self.traffic, self.gate = self, gate
        self.owners = Owners(gate)
        self.works: WeakKeyDictionary[Session, Work] = WeakKeyDictionary()
        self.lines: WeakKeyDictionary[Connection, Line] = WeakKeyDictionary()
        #: Told of each statement.
        self.parts: tuple[Part, ...] = ()
        #: By the record that a pool keeps of a connection.
        self.checked_out: dict[Any, CheckOut] = {}
        self._committing: WeakSet[Session] = WeakSet()

    def listeners(self) -> list[Listener]:
        from sqlalchemy.engine import Engine
        from sqlalchemy.orm import Session
        from sqlalchemy.pool import Pool

        return [
            (Session, "transient_to_pending", self._used),
            (Session, "after_begin", self._session_connected),
            (Session, "before_commit", self._committing.add),
            (Session, "after_transaction_end", self._transaction_ended),
            (Engine, "engine_connect", self._connected),
            (Engine, "after_cursor_execute", self._executed),
            (Pool, "checkout", self._taken),
            (Pool, "checkin", self._given_back),
            (Pool, "invalidate", self._given_back),
            (Pool, "detach", self._given_back),
        ]

    def patch(self, patches: Patches) -> None:
        from sqlalchemy.engine import Transaction
        from sqlalchemy.orm import Session, SessionTransaction

        self.owners.patch(patches)
        patches.replace(Session, "__init__", partial(after, self._session_made))
        patches.replace(SessionTransaction, "_connection_for_bind", self._asking)
        patches.replace(Transaction, "close", self._closing)

    def line(self, connection: Connection) -> Line:
        line = self.lines.get(connection)
        if line is None:
            line = self.lines[connection] = Line()
        return line

    def works_on(self, connection: Connection) -> Iterator[Work]:
        """What requests have to commit by a connection."""
        line = self.line(connection)
        if line.work is not None:
            yield line.work
        for session in line.sessions:
            if session in self.works:
                yield self.works[session]

    def commits_by_session(self, connection: Connection) -> bool:
        """Whether a session on a connection is committing."""
        return any(session in self._committing for session in self.line(connection).sessions)

    def work_of(
        self, request: Request, connection: Connection
    ) -> tuple[Work | None, SessionTransaction | None]:
        """Whose the running statement is, and the transaction or savepoint that it is in."""
        line = self.line(connection)
        if not line.sessions:
            return line.work, None
        session = self._session_of(request, line)
        if session is None:
            return None, None
        boundary = session.get_nested_transaction() or session.get_transaction()
        return self.works.get(session), boundary

    def _session_of(self, request: Request, line: Line) -> Session | None:
        """The session that executes the running statement, where several share a connection."""
        if len(line.sessions) == 1:
            return next(iter(line.sessions))
        session = line.user() if line.user else None
        if session in line.sessions:
            return session
        works = ((session, self.works.get(session)) for session in line.sessions)
        ours = [session for session, work in works if work and work.request is request]
        return ours[0] if len(ours) == 1 else None

    def _session_made(self, session: Session, *_: object) -> None:
        request = serving()
        if request is None:
            self.owners.note_outside(session)
            return
        opened = self._consumer() or here(self.gate)
        self.works[session] = self.owners.work(request, opened)

    def _used(self, session: Session, *_: object) -> None:
        request, work = serving(), self.works.get(session)
        if request is None or (work is not None and work.request is request):
            return
        if work is None:
            self.owners.share(session)
            return
        if work.is_rebound:
            work.is_rebound = False
            work.of_test = work.of_test or is_in_container(self.gate, session)
        if work.of_test:
            self.owners.tell_of_shared(work.opened)

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

    def _session_connected(
        self, session: Session, transaction: SessionTransaction, connection: Connection
    ) -> None:
        self.line(connection).sessions.add(session)
        work = self.works.get(session)
        if work is not None and transaction.parent is None:
            work.connection = connection

    def _transaction_ended(self, session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            self._committing.discard(session)
            for line in list(self.lines.values()):
                line.sessions.discard(session)

    def _connected(self, connection: Connection) -> None:
        request = serving()
        if request is not None:
            self.line(connection).work = Work(request, None, runs_test_code(self.gate))

    def _taken(self, _: object, record: Any, fairy: Any) -> None:
        # What a test's own dependency takes, the test gives back.
        request, task = serving(), current_task()
        if request is not None and runs_test_code(self.gate):
            request = None
        self.checked_out[record] = CheckOut(
            request, ref(task) if task else None, here(self.gate), fairy if request else None
        )

    def _given_back(self, _: object, record: Any, *__: object) -> None:
        self.checked_out.pop(record, None)

    def _asking(self, original: Callable[..., Connection]) -> Callable[..., Connection]:
        # An event for it exists for what `Session.execute` is given, and not for all of a flush.
        @wraps(original)
        def wrapper(transaction: SessionTransaction, *args: Any, **kwargs: Any) -> Connection:
            connection = original(transaction, *args, **kwargs)
            self.line(connection).user = ref(transaction.session)
            self._used(transaction.session)
            return connection

        return wrapper

    def _closing(self, original: Callable[..., None]) -> Callable[..., None]:
        # The event of a rollback does not tell whether the application has asked for it.
        @wraps(original)
        def wrapper(transaction: Transaction) -> None:
            line = self.line(transaction.connection)
            line.closing = True
            try:
                original(transaction)
            finally:
                line.closing = False

        return wrapper

    def _executed(
        self,
        connection: Connection,
        cursor: Any,
        text: str,
        parameters: Any,
        context: Any,
        executemany: bool,
    ) -> None:
        request = serving()
        if request is not None:
            statement = Statement(request, connection, cursor, text, parameters, context)
            for part in self.parts:
                part.executed(statement)


def is_autocommit(connection: Connection) -> bool:
    """Whether each statement on a connection is a transaction by itself."""
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return True
    driver = connection.connection.dbapi_connection
    if not hasattr(connection.dialect, "detect_autocommit_setting"):
        # Before SQLAlchemy 2.0.43.
        return getattr(driver, "autocommit", None) is True
    try:
        return driver is not None and connection.dialect.detect_autocommit_setting(driver)
    except NotImplementedError:
        return False
