"""Sessions and connections that are not given back, or used again when they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ... import rules
from ...asgi import endpoint_of, here, is_over
from ...core import Finding, Phase, Request
from ...loops import run
from ...patches import Patches
from ...where import Location
from .containers import is_in_container
from .hooks import before
from .records import Work
from .traffic import Listener, Part, Traffic

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, SessionTransaction

#: How often, and how long, what a request has left open may take to be closed.
_LOOKS = 5
_LOOK_S = 0.01
#: To give back what is left open.
_CLOSE_S = 1.0


class Leaks(Part):
    """Looks at what is still open when its request is over."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        # Strong references: a session that is dropped unclosed is not lost on us.
        self._begun: dict[Session, Work] = {}
        self._failures: set[Request] = set()

    def listeners(self) -> list[Listener]:
        from sqlalchemy.orm import Session

        return [
            (Session, "after_transaction_create", self._transaction_created),
            (Session, "after_transaction_end", self._transaction_ended),
        ]

    def patch(self, patches: Patches) -> None:
        from sqlalchemy.orm import Session

        patches.replace(Session, "close", partial(before, self._session_closing))
        patches.replace_new(Session, "reset", partial(before, self._session_closing))

    def _session_closing(self, session: Session, *_: object) -> None:
        work = self.traffic.works.get(session)
        if work is not None:
            work.closed = True

    def _transaction_created(self, session: Session, transaction: SessionTransaction) -> None:
        work = self.traffic.works.get(session)
        if work is None or transaction.parent is not None:
            return
        self._begun[session] = work
        if work.of_test or work.is_scoped:
            # It is given to whoever asks next, also when it was closed.
            return
        if work.closed and work.request.response_started and not work.reported:
            work.reported = True
            self.gate.report(
                rules.CLOSED_SESSION,
                what=f"a session that {work.request} had closed is used again after its response",
                where=here(self.gate),
            )

    def _transaction_ended(self, session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            self._begun.pop(session, None)

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        if error is not None or (request.status or 0) >= 500:
            # What a failure leaves open comes of the failure, which is a finding by itself.
            self._failures.add(request)

    def end(self, phase: Phase) -> None:
        if phase.when == "setup":
            return
        for _ in range(_LOOKS):
            if not self._left_sessions() or phase.loop is None or phase.loop.is_closed():
                break
            run(phase.loop, asyncio.sleep(_LOOK_S))
        self._judge_sessions(phase.loop)
        self._judge_connections(phase.loop)
        if phase.when == "teardown":
            for session, work in list(self._begun.items()):
                if work.of_test and is_over(self.gate, work.request):
                    del self._begun[session]
        self._failures.clear()

    def _left_sessions(self) -> list[tuple[Session, Work]]:
        return [
            (session, work)
            for session, work in list(self._begun.items())
            if is_over(self.gate, work.request) and not work.of_test
        ]

    def _judge_sessions(self, loop: asyncio.AbstractEventLoop | None) -> None:
        for session, work in self._left_sessions():
            connection = work.connection
            may_end = True
            # One that the server has closed is out of the pool already.
            is_held = connection is not None and not connection.invalidated
            if is_held and not work.reported:
                if is_in_container(self.gate, session):
                    # The next request gets it as well.
                    del self._begun[session]
                    continue
                may_end = self._report("session", work.request, work.opened)
            is_async = connection is not None and connection.dialect.is_async
            if may_end:
                _finish(session.close, loop, is_async=is_async)
            self._begun.pop(session, None)

    def _judge_connections(self, loop: asyncio.AbstractEventLoop | None) -> None:
        left = [
            (record, taken, taken.request)
            for record, taken in list(self.traffic.checked_out.items())
            if taken.request is not None and is_over(self.gate, taken.request)
        ]
        if not left:
            return
        kept = {
            id(connection.connection.dbapi_connection)
            for connection, line in list(self.traffic.lines.items())
            if line.sessions and not connection.closed and not connection.invalidated
        }
        for record, taken, request in left:
            fairy = taken.fairy
            del self.traffic.checked_out[record]
            if id(fairy.dbapi_connection) not in kept and self._report(
                "connection", request, taken.where
            ):
                # The adapter of an asynchronous driver wraps its connection.
                is_async = fairy.dbapi_connection is not fairy.driver_connection
                _finish(fairy.invalidate, loop, is_async=is_async)

    def _report(self, kind: str, request: Request, where: Location | None) -> bool:
        """Report what is left, and tell whether the gate may end it."""
        if request in self._failures:
            return True
        what = f"{request} is over, and a {kind} that it opened still holds a connection"
        leak = Finding(rules.SESSION_LEAK, what, where or endpoint_of(self.gate, request))
        self.gate.report(leak.rule, what=leak.what, where=leak.where)
        return self.gate.fails(leak)


def _finish(
    action: Callable[[], object], loop: asyncio.AbstractEventLoop | None, *, is_async: bool
) -> None:
    """Give back what a request left open, so that it can't disturb the next test."""
    from sqlalchemy.util import greenlet_spawn

    # Whatever goes wrong here comes of the defect that has just been reported.
    with suppress(Exception):
        if not is_async:
            action()
        elif loop is not None and not loop.is_closed():
            run(loop, asyncio.wait_for(greenlet_spawn(action), _CLOSE_S))
