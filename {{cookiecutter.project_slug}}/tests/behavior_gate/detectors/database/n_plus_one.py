"""N+1: in one transaction, the same SELECT for one row's key after the other."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from ... import rules
from ...asgi import endpoint_of, here, is_lifespan, is_over, serving
from ...clocks import own_time
from ...core import Option, Phase, Request
from ...patches import Patches
from ...sql import classify, lookup, one_line
from ...where import Location, stack
from .hooks import has_asyncio
from .records import Statement
from .traffic import Listener, Part, Traffic

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

N_PLUS_ONE = Option(
    "n_plus_one",
    5,
    "how many equal SELECTs, each for another key, are too many from one line in a transaction",
)

Key = tuple[str, ...]
#: Where the application is, from the innermost call outwards: file, line and instruction.
Calls = tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class Caller:
    """What one line has looked up, called in one way."""

    where: Location | None
    count: int = 0
    keys: set[Key] = field(default_factory=set)
    lists: set[Key] = field(default_factory=set)
    others: set[Key] = field(default_factory=set)


@dataclass(slots=True)
class Repeated:
    """How often a transaction sent one SELECT, for which keys, and from where."""

    statement: str
    #: Its caller is not looked up, as that takes time.
    first: Key
    callers: dict[Calls, Caller] = field(default_factory=dict)
    #: The values of the row that was found last, if it was one.
    row: frozenset[str] = frozenset()


@dataclass(slots=True)
class Reading:
    """What a request has looked up."""

    #: How many transactions it has ended. Those that only read go on in the next one.
    ended: int = 0
    lookups: dict[tuple[int, str], Repeated] = field(default_factory=dict)


class Repeats(Part):
    """Counts the SELECTs that an eager load, or one query with IN, could have saved."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        self._readings: dict[Request, Reading] = {}
        #: Requests that are answered with a stream of events.
        self._feeds: set[Request] = set()

    def listeners(self) -> list[Listener]:
        from sqlalchemy.engine import Engine

        return [(Engine, "commit", self._committed), (Engine, "rollback", self._rolled_back)]

    def patch(self, patches: Patches) -> None:
        if not has_asyncio():
            return
        # In the first versions of SQLAlchemy 2.0, each driver has a cursor of its own.
        with suppress(ImportError):
            from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_cursor

            # Read below: the rows that the driver has fetched already.
            patches.replace(AsyncAdapt_dbapi_cursor, "_rows", lambda rows: rows)

    def _committed(self, _: Connection) -> None:
        self._end_transaction(serving())

    def _rolled_back(self, connection: Connection) -> None:
        # What is closed has only read: the next session of the request goes on from there.
        if not self.traffic.line(connection).closing:
            self._end_transaction(serving())

    def _end_transaction(self, request: Request | None) -> None:
        if request in self._readings:
            self._readings[request].ended += 1

    def executed(self, statement: Statement) -> None:
        request = statement.request
        if classify(statement.text) != "select" or is_lifespan(request):
            return
        single = lookup(statement.text)
        key = single.key(statement.parameters) if single else None
        if single is None or key is None:
            return
        reading = self._readings.setdefault(request, Reading())
        transaction, repeats = reading.ended, reading.lookups
        repeated = repeats.get((transaction, single.text))
        if repeated is None:
            repeated = repeats[transaction, single.text] = Repeated(statement.text, key)
        else:
            calls = self._calls()
            caller = repeated.callers.get(calls)
            if caller is None:
                caller = repeated.callers[calls] = Caller(here(self.gate))
            caller.count += 1
            caller.lists.add(single.listed(statement.parameters))
            caller.others.add(single.beside(statement.parameters))
            # The next row of a chain is known only when the one before it has been found.
            if repeated.row.isdisjoint(key):
                caller.keys.add(key)
        rows: Sequence[Any] = getattr(statement.cursor, "_rows", ())
        repeated.row = frozenset(map(str, rows[0]) if len(rows) == 1 else ())

    def message_received(self, request: Request, data: bytes) -> None:
        self._judge(request)

    def response_started(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> None:
        if any(value.startswith(b"text/event-stream") for _, value in headers):
            self._feeds.add(request)

    def response_body(self, request: Request, chunk: bytes, more: bool) -> None:
        # Each event is an occasion of its own to look something up.
        if request in self._feeds:
            self._judge(request)

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        self._judge(request)
        self._feeds.discard(request)

    def end(self, phase: Phase) -> None:
        # What tasks have sent after their request was over.
        for request in list(self._readings):
            if is_over(self.gate, request):
                self._judge(request)

    def _judge(self, request: Request) -> None:
        """Report what a request sent too often, and begin to count anew."""
        limit = self.gate.options.get(N_PLUS_ONE.name, N_PLUS_ONE.default)
        for repeated in self._readings.pop(request, Reading()).lookups.values():
            if not repeated.callers:
                continue
            calls, caller = max(repeated.callers.items(), key=lambda item: item[1].count)
            if len(repeated.callers) == 1:
                # Where all others have one caller, it was the first one's too.
                caller.count += 1
                caller.keys.add(repeated.first)
            if len(caller.lists) > 1:
                # Many keys are looked up, a part of them at a time.
                continue
            if len(caller.keys) >= limit:
                is_too_many = _is_for_each(calls) or not _is_as_often_as_it_takes(calls)
            else:
                # The same key again and again is a poll, unless it is that of row after row. What
                # belongs to it may be read a part at a time.
                is_too_many = (
                    caller.count >= limit and len(caller.others) == 1 and _is_for_each(calls)
                )
            if is_too_many:
                self.gate.report(
                    rules.N_PLUS_ONE,
                    what=f"{request} sent the same SELECT {caller.count}"
                    f" times: {one_line(repeated.statement)}",
                    where=caller.where or endpoint_of(self.gate, request),
                )

    def _calls(self) -> Calls:
        return tuple(
            (frame.f_code.co_filename, frame.f_lineno, frame.f_lasti)
            for frame in stack(sys._getframe(1))
            if self.gate.origin(frame.f_code) == "application"
        )


def _is_for_each(calls: Calls) -> bool:
    return any(_loop(filename, line) == "each" for filename, line, _ in calls)


def _is_as_often_as_it_takes(calls: Calls) -> bool:
    """Whether the innermost loop of all goes on until it has found something, or is a fixed one."""
    loops = (_loop(filename, line) for filename, line, _ in calls)
    return next(filter(None, loops), None) in ("until", "fixed")


@lru_cache(maxsize=1024)
@own_time()
def _loop(filename: str, line: int) -> Literal["", "each", "until", "fixed", "other"]:
    """Tell what the innermost loop is that a line stands in.

    Returns:
        "each" where the line uses the variable of the loop, "until" where a look-up may decide
        whether the loop goes on, and "fixed" where it goes over what the module defines or imports,
        such as an enum: no row adds to that.
    """
    module = ast.parse("".join(linecache.getlines(filename)))
    fixed = set().union(*map(_defined, module.body))
    kind: Literal["", "until", "fixed", "other"] = ""
    variables: set[str] = set()
    outer: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(module):
        if not isinstance(node, ast.stmt | ast.expr):
            continue
        if not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, ast.expr):
            used |= _names(node, ast.Load)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            fixed -= _names(node, ast.Store) | {
                arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)
            }
        elif isinstance(node, ast.While):
            decides = node.test.lineno <= line <= (node.test.end_lineno or line)
            kind = "until" if decides or isinstance(node.test, ast.Constant) else "other"
            outer, variables = outer | variables, set()
        # What a loop goes over is asked for once.
        elif isinstance(node, ast.For | ast.AsyncFor) and node.body[0].lineno <= line:
            kind = _kind_of(node.iter, fixed)
            outer, variables = outer | variables, _names(node.target, ast.Store)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            kind = _kind_of(node.generators[0].iter, fixed)
            outer |= variables
            variables = set().union(*(_names(g.target, ast.Store) for g in node.generators))
    if kind == "other":
        return "other" if used.isdisjoint(variables) else "each"
    return kind if used.isdisjoint(outer) else "other"


def _kind_of(iterated: ast.expr, fixed: set[str]) -> Literal["until", "fixed", "other"]:
    if isinstance(iterated, ast.Call):
        called = iterated.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        return "until" if name == "count" else "other"
    return "fixed" if isinstance(iterated, ast.Name) and iterated.id in fixed else "other"


def _defined(statement: ast.stmt) -> set[str]:
    """Name what a statement of a module defines, other than functions."""
    if isinstance(statement, ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in statement.names}
    return (
        _names(statement, ast.Store) if isinstance(statement, ast.Assign | ast.AnnAssign) else set()
    )


def _names(tree: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }
