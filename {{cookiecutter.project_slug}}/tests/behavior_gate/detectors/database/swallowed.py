"""Writes and commits that fail, and whose error the application ignores."""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from ... import rules
from ...asgi import here, is_websocket, serving, task_of
from ...awaiting import awaiting
from ...clocks import own_time
from ...core import Request
from ...patches import Patches
from ...sql import classify
from ...where import Location, stack
from .hooks import before
from .records import Statement
from .traffic import Listener, Part, Traffic

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session

#: What only tells of an error: methods of a log, and functions that print.
_TELLING = {
    *("debug", "info", "warning", "error", "exception", "critical", "log"),
    *("print", "print_exc"),
}
#: What gives up a transaction, in SQLAlchemy's `Connection`.
_ROLLBACK = "_rollback_impl"


@dataclass(frozen=True, slots=True)
class Failure:
    """What has failed, at which line, and the line that ignores it."""

    what: str
    where: Location | None
    handler: Location
    #: The statement, or all those whose commit it was.
    statements: frozenset[str]


@dataclass(frozen=True, slots=True)
class Handler:
    """An `except`, or a `with suppress(...)`."""

    line: int
    #: What it catches. None is everything.
    caught: ast.expr | None
    ignores: bool


class Swallowed(Part):
    """Follows an error of the database to the handler that catches it."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        self._failures: dict[Request, Failure] = {}
        #: The statements that have written.
        self._written: dict[Request, set[str]] = {}
        #: Those that have executed such a statement again after it had failed.
        self._retrying: set[Request] = set()

    def listeners(self) -> list[Listener]:
        from sqlalchemy.engine import Engine
        from sqlalchemy.orm import Session

        return [
            (Engine, "handle_error", self._failed),
            (Session, "before_commit", self._committing),
            (Engine, "commit", self._connection_committing),
        ]

    def patch(self, patches: Patches) -> None:
        from sqlalchemy.engine import Connection
        from sqlalchemy.orm import Session

        patches.replace(Session, "rollback", partial(before, self._settled))
        patches.replace(Connection, "rollback", partial(before, self._settled))

    def _failed(self, context: Any) -> None:
        request, error = serving(), context.sqlalchemy_exception
        if request is None or error is None or request in self._failures:
            return
        statement, connection = context.statement, context.connection
        if connection is None or (statement is not None and classify(statement) != "write"):
            return
        if any(frame.f_code.co_name == _ROLLBACK for frame in stack(sys._getframe(1))):
            # The server does it all the same when the connection is lost.
            return
        _, boundary = self.traffic.work_of(request, connection)
        if boundary.nested if boundary else connection.in_nested_transaction():
            # Only a part of the work is given up.
            return
        handler = self._handler(request, type(error))
        if handler is not None:
            what = "a commit" if statement is None else statement.split(None, 1)[0].upper()
            self._failures[request] = Failure(
                f"{what} had failed ({type(error).__name__})",
                here(self.gate),
                handler,
                frozenset([statement] if statement else self._written.get(request, ())),
            )

    def executed(self, statement: Statement) -> None:
        request, text = statement.request, statement.text
        if classify(text) == "write":
            self._written.setdefault(request, set()).add(text)
            if request in self._failures and text in self._failures[request].statements:
                self._retrying.add(request)

    def _committing(self, session: Session) -> None:
        work = self.traffic.works.get(session)
        # It has tried anew.
        if work is not None and (work.writes or work.touched):
            self._settled(session)

    def _connection_committing(self, connection: Connection) -> None:
        # It may have changed no row, as the first attempt was committed after all.
        if serving() in self._retrying:
            self._settled(connection)

    def _settled(self, _: Session | Connection) -> None:
        request = serving()
        if request is not None:
            self._failures.pop(request, None)
            self._retrying.discard(request)

    def _handler(self, request: Request, error: type[BaseException]) -> Location | None:
        """The line that catches the error that is about to be raised, and ignores it."""
        for frame in self._frames(request):
            code = frame.f_code
            for handler in _handlers(code.co_filename, frame.f_lineno):
                caught = list(_classes(handler.caught, frame.f_globals))
                if any(issubclass(error, one) for one in caught):
                    # Whoever names the error expects it.
                    if error in caught or not handler.ignores:
                        return None
                    return self.gate.location(code, handler.line)
        return None

    def _frames(self, request: Request) -> list[FrameType]:
        """The running lines of the application, from the inside outwards."""
        task = task_of(request)
        # A session may be closed in a task of its own, for which that of the request waits.
        waiting = reversed(list(awaiting(task.get_coro()))) if task else ()
        for frames in (stack(sys._getframe(1)), waiting):
            ours = [one for one in frames if self.gate.origin(one.f_code) == "application"]
            if ours:
                return ours
        return []

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        failure = self._failures.pop(request, None)
        self._written.pop(request, None)
        self._retrying.discard(request)
        succeeded = is_websocket(request) or (request.status is not None and request.status < 400)
        if failure is not None and error is None and succeeded:
            self.gate.report(
                rules.SWALLOWED_ERROR,
                what=f"{request} returned {request.status}, although {failure.what}:"
                f" {failure.handler.path}:{failure.handler.line} ignores it",
                where=failure.where or failure.handler,
            )


@lru_cache(maxsize=1024)
@own_time()
def _handlers(filename: str, line: int) -> tuple[Handler, ...]:
    """What may catch an error of a line, from the inside outwards."""
    found: list[Handler] = []
    # Outer statements come before what they hold.
    for node in ast.walk(ast.parse("".join(linecache.getlines(filename)))):
        if not isinstance(node, ast.Try | ast.With | ast.AsyncWith):
            continue
        if not node.body[0].lineno <= line <= (node.body[-1].end_lineno or line):
            continue
        if isinstance(node, ast.Try):
            found[:0] = [Handler(one.lineno, one.type, _ignores(one.body)) for one in node.handlers]
        else:
            for item in node.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and _name(call.func) == "suppress":
                    caught = ast.Tuple(call.args, ast.Load())
                    found.insert(0, Handler(node.lineno, caught, ignores=True))
    return tuple(found)


def _ignores(body: list[ast.stmt]) -> bool:
    """Whether a handler does nothing but tell of the error."""
    for statement in body:
        value = statement.value if isinstance(statement, ast.Expr | ast.Return) else None
        is_telling = isinstance(value, ast.Call) and _name(value.func) in _TELLING
        is_nothing = value is None or (
            isinstance(value, ast.Constant)
            and (isinstance(statement, ast.Expr) or value.value is None)
        )
        is_left = isinstance(statement, ast.Pass | ast.Continue | ast.Break | ast.Expr | ast.Return)
        if not is_left or not (is_telling or is_nothing):
            return False
    return True


def _name(expression: ast.expr) -> str:
    """The last part of a dotted name."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _classes(caught: ast.expr | None, names: Mapping[str, Any]) -> Iterator[type[BaseException]]:
    """What a handler catches, as far as its module knows the names."""
    if caught is None:
        yield BaseException
    elif isinstance(caught, ast.Tuple):
        for one in caught.elts:
            yield from _classes(one, names)
    else:
        parts = ast.unparse(caught).split(".")
        value = names.get(parts[0], getattr(builtins, parts[0], None))
        for part in parts[1:]:
            value = getattr(value, part, None)
        if isinstance(value, type) and issubclass(value, BaseException):
            yield value
