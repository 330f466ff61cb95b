"""Changes that are never committed, committed too late, or taken back by a failed statement."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from ... import rules
from ...asgi import endpoint_of, here, is_lifespan, is_over, is_websocket, runs_test_code, serving
from ...core import Phase, Request
from ...patches import Patches
from ...sql import classify, is_temporary, targets, temporary_tables
from .hooks import before, has_asyncio
from .records import Statement, Work, Write
from .traffic import Listener, Part, Traffic, is_autocommit
from .unflushed import unflushed

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session, SessionTransaction


class Commits(Part):
    """Follows each change of a request to its commit."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        #: What open requests have lost. Their answers decide whether that matters.
        self._lost: dict[Request, list[Write]] = {}
        #: The temporary tables of each request. What is written there is lost in any case.
        self._temporary: dict[Request, set[str]] = {}

    def listeners(self) -> list[Listener]:
        from sqlalchemy.engine import Engine
        from sqlalchemy.orm import Session

        return [
            (Session, "transient_to_pending", self._added),
            (Session, "after_commit", self._session_committed),
            (Session, "after_rollback", self._session_rolled_back),
            (Session, "after_transaction_end", self._transaction_ended),
            (Engine, "commit", self._connection_committed),
            (Engine, "rollback", self._connection_rolled_back),
            (Engine, "handle_error", self._failed),
        ]

    def patch(self, patches: Patches) -> None:
        from sqlalchemy.engine import Connection
        from sqlalchemy.orm import Session
        from sqlalchemy.orm.state import InstanceState

        patches.replace(Session, "delete", partial(before, self._deleted))
        # No event tells that an object has changed before its session is flushed.
        patches.replace(InstanceState, "_modified_event", partial(before, self._modified))
        patches.replace(Session, "close", partial(before, self._session_closing))
        patches.replace_new(Session, "reset", partial(before, self._session_closing))
        patches.replace(Connection, "__exit__", partial(before, self._left))
        if has_asyncio():
            from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

            patches.replace(AsyncSession, "close", partial(before, self._async_session_closing))
            patches.replace(AsyncConnection, "__aexit__", partial(before, self._left))

    # Changes

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
        work = self.traffic.works.get(session)
        if work is not None and work.touched is None:
            work.touched = Write(what, here(self.gate), not work.request.response_started)

    def executed(self, statement: Statement) -> None:
        kind, request = classify(statement.text), statement.request
        if kind == "write":
            self._wrote(statement)
        elif kind == "temporary":
            self._temporary.setdefault(request, set()).update(temporary_tables(statement.text))

    def _wrote(self, statement: Statement) -> None:
        request, connection = statement.request, statement.connection
        if statement.cursor.rowcount == 0 and _counts_rows(connection, statement.text):
            return
        work, boundary = self.traffic.work_of(request, connection)
        if work is None or boundary in work.writes or is_autocommit(connection):
            return
        written = targets(statement.text)
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

    def _failed(self, context: Any) -> None:
        from sqlalchemy.exc import IntegrityError

        connection, request = context.connection, serving()
        # Of other errors, some come from the driver alone, and end no transaction.
        if request is None or not isinstance(context.sqlalchemy_exception, IntegrityError):
            return
        work, boundary = self.traffic.work_of(request, connection)
        in_savepoint = boundary.nested if boundary else connection.in_nested_transaction()
        if work is not None and not in_savepoint and connection.dialect.name == "postgresql":
            work.undone = work.undone or work.first_write()
            work.writes.clear()

    # Commits

    def _session_committed(self, session: Session) -> None:
        work = self.traffic.works.get(session)
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
                what=f"{request} committed after its response ({request.status}) had gone out",
                where=here(self.gate),
            )
        work.settle()

    def _connection_committed(self, connection: Connection) -> None:
        works = list(self.traffic.works_on(connection))
        # Where a session commits, its own event comes next, and needs to know what it wrote.
        if any(work.writes for work in works) and not self.traffic.commits_by_session(connection):
            for work in works:
                work.settle()
            return
        line = self.traffic.line(connection)
        if line.work is not None:
            self._check_undone(line.work)
            line.work.settle()

    def _check_undone(self, work: Work) -> None:
        if work.undone is None:
            return
        self.gate.report(
            rules.FAILED_COMMIT,
            what=f"{work.request} committed after a statement had failed, which has taken"
            f" back {work.undone.what}",
            where=work.undone.where or here(self.gate),
        )

    # Rollbacks

    def _session_rolled_back(self, session: Session) -> None:
        work = self.traffic.works.get(session)
        if work is None:
            return
        boundary = session.get_nested_transaction() or session.get_transaction()
        write = work.writes.pop(boundary, None)
        if boundary is session.get_transaction():
            write = write or unflushed(session, work)
            # What an answer promised is not taken back on purpose once it went out.
            if write is not None and write.early and work.request.response_started:
                self._lose(work, write)
            work.settle()

    def _connection_rolled_back(self, connection: Connection) -> None:
        line = self.traffic.line(connection)
        if line.work is None:
            return
        write = line.work.first_write()
        line.work.settle()
        if write is not None and line.closing:
            self._lose(line.work, write)

    def _session_closing(self, session: Session, *_: object) -> None:
        work = self.traffic.works.get(session)
        if work is None:
            return
        # Whatever ends its `with`, also that of a subclass or of another object.
        error = sys.exception()
        if work.error_before != id(error):
            _abandon(work, error)
        transaction = session.get_transaction()
        if transaction is not None and not work.writes:
            write = unflushed(session, work)
            if write is not None:
                work.writes[transaction] = write

    def _async_session_closing(self, session: AsyncSession) -> None:
        # It is closed in a greenlet, where the exception can't be seen.
        self._session_closing(session.sync_session)

    def _left(self, connection: Any, _: object, error: BaseException | None, __: object) -> None:
        line = self.traffic.lines.get(getattr(connection, "sync_connection", connection))
        if line is not None and line.work is not None:
            _abandon(line.work, error)

    def _transaction_ended(self, session: Session, transaction: SessionTransaction) -> None:
        work = self.traffic.works.get(session)
        if work is None:
            return
        parent = transaction.parent
        if parent is not None:
            write = work.writes.pop(transaction, None)
            if write is not None:
                while not parent.nested and parent.parent is not None:
                    parent = parent.parent
                work.writes.setdefault(parent, write)
            return
        lost, connection = work.first_write(), work.connection
        work.connection = None
        work.settle()
        if lost is None:
            return
        joined = self.traffic.line(connection).work if connection is not None else None
        if joined is not None and connection is not None and connection.in_transaction():
            # The session had joined a transaction, which decides.
            joined.writes.setdefault(None, lost)
        else:
            self._lose(work, lost)

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

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        lost = self._lost.pop(request, [])
        if error is None and _has_succeeded(request):
            for write in lost:
                self._report_lost(request, write)

    def _report_lost(self, request: Request, write: Write) -> None:
        ended = f"returned {request.status} and" if request.status else "has"
        self.gate.report(
            rules.LOST_COMMIT,
            what=f"{request} {ended} never committed {write.what}",
            where=write.where or endpoint_of(self.gate, request),
        )

    def end(self, phase: Phase) -> None:
        for request in [one for one in self._temporary if is_over(self.gate, one)]:
            del self._temporary[request]


def _abandon(work: Work, error: BaseException | None) -> None:
    # Generators are closed by an exception as well, when all went well.
    if error is not None and not isinstance(error, GeneratorExit):
        work.abandoned = True


def _counts_rows(connection: Connection, statement: str) -> bool:
    """Whether the cursor's row count is that of the rows written."""
    if connection.dialect.name == "sqlite" and "returning" in statement.lower():
        return False
    return not statement.lstrip().lower().startswith("with")


def _has_succeeded(request: Request) -> bool:
    return is_websocket(request) or (request.status is not None and request.status < 400)
