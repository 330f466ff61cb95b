"""A session or connection that two tasks or several requests use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import rules
from ...asgi import endpoint_of, here, is_lifespan
from ...awaiting import current_task
from ...core import Phase, Request, current_request
from ...where import Location
from .records import Statement
from .traffic import Listener, Part, Traffic

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


class Sharing(Part):
    """Looks for a statement of another request, or one that another task has not let end."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        #: The task whose statement a connection executes.
        self._running: dict[Connection, tuple[Any, Request]] = {}
        #: Where a second one came between.
        self._shared: dict[Request, Location | None] = {}

    def listeners(self) -> list[Listener]:
        from sqlalchemy.engine import Engine

        return [
            (Engine, "before_cursor_execute", self._executing),
            (Engine, "handle_error", self._failed),
        ]

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
        self._running.pop(context.connection, None)

    def executed(self, statement: Statement) -> None:
        request, connection = statement.request, statement.connection
        self._running.pop(connection, None)
        work, _ = self.traffic.work_of(request, connection)
        if work is None or work.request is request or is_lifespan(request):
            return
        if not (work.reported or work.of_test or work.is_scoped):
            work.reported = True
            self.gate.report(
                rules.GLOBAL_SESSION,
                what=f"{request} used a session or connection that {work.request} had opened",
                where=work.opened or here(self.gate),
            )

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        if request not in self._shared:
            return
        where = self._shared.pop(request)
        # Mostly SQLAlchemy raises by itself, and that is another finding.
        if error is None and (request.status or 0) < 500:
            self.gate.report(
                rules.SHARED_SESSION,
                what=f"two tasks of {request} used one session or connection at the same time",
                where=where or endpoint_of(self.gate, request),
            )

    def end(self, phase: Phase) -> None:
        self._running.clear()
