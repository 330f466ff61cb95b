"""N+1: in one transaction, the same SELECT for one row's key after the other."""

from __future__ import annotations

import ast
import linecache
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .core import Gate, Location, Option, Request, stack
from .exchange import endpoint_of, here, is_over
from .statements import lookup, one_line

N_PLUS_ONE = Option(
    "n_plus_one",
    5,
    "the number of equal SELECTs, each for one key, from one line in one transaction, that is too"
    " many",
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


@dataclass(slots=True)
class Repeated:
    """How often a transaction sent one SELECT, for which keys, and from where."""

    statement: str
    #: Its caller is not looked up, as that takes time.
    first: Key
    callers: dict[Calls, Caller] = field(default_factory=dict)
    #: The values of the row that was found last, if it was one.
    row: frozenset[str] = frozenset()


class Repeats:
    """Counts the SELECTs that an eager load, or one query with IN, could have saved."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        #: How many transactions a request has ended. Those that only read go on in the next one.
        self._ended: Counter[Request] = Counter()
        self._lookups: dict[Request, dict[tuple[int, str], Repeated]] = {}

    def add(self, request: Request, statement: str, parameters: Any, rows: Any) -> None:
        """Count a SELECT.

        Args:
            rows: What it found, if the driver has fetched it already.
        """
        single = lookup(statement)
        key = single.key(parameters) if single else None
        if single is None or key is None:
            return
        transaction = self._ended[request]
        repeats = self._lookups.setdefault(request, {})
        repeated = repeats.get((transaction, single.text))
        if repeated is None:
            repeated = repeats[transaction, single.text] = Repeated(statement, key)
        else:
            calls = self._calls()
            caller = repeated.callers.get(calls)
            if caller is None:
                caller = repeated.callers[calls] = Caller(here(self.gate))
            caller.count += 1
            caller.lists.add(single.listed(parameters))
            # The next row of a chain is known only when the one before it has been found.
            if repeated.row.isdisjoint(key):
                caller.keys.add(key)
        repeated.row = frozenset(map(str, rows[0]) if rows and len(rows) == 1 else ())

    def end(self, request: Request | None) -> None:
        """Begin to count anew, as a transaction of a request was committed or rolled back."""
        if request is not None:
            self._ended[request] += 1

    def judge(self, request: Request) -> None:
        """Report what a request sent too often, and begin to count anew."""
        limit = self.gate.options.get(N_PLUS_ONE.name, N_PLUS_ONE.default)
        self._ended.pop(request, None)
        for repeated in self._lookups.pop(request, {}).values():
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
            # The same key again and again is a poll, unless it is that of row after row.
            if len(caller.keys) >= limit or (caller.count >= limit and _is_for_each(calls)):
                self.gate.report(
                    "database",
                    what=f"{request.method} {request.path} sent the same SELECT {caller.count}"
                    f" times: {one_line(repeated.statement)}",
                    where=caller.where or endpoint_of(self.gate, request),
                    why="one query for each row (N+1) slows down with every row that is added",
                    mend="load the rows with their parents by selectinload() or joinedload(), or"
                    " all at once by one query with IN",
                )

    def judge_leftovers(self) -> None:
        """Judge what tasks have sent after their request was over."""
        for request in list(self._lookups):
            if is_over(self.gate, request):
                self.judge(request)

    def _calls(self) -> Calls:
        return tuple(
            (frame.f_code.co_filename, frame.f_lineno, frame.f_lasti)
            for frame in stack(sys._getframe(1))
            if self.gate.origin(frame.f_code) == "application"
        )


def _is_for_each(calls: Calls) -> bool:
    return any(_uses_loop_variable(filename, line) for filename, line, _ in calls)


@lru_cache(maxsize=1024)
def _uses_loop_variable(filename: str, line: int) -> bool:
    """Whether a line uses the variable of the innermost loop that it stands in."""
    variables: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(ast.parse("".join(linecache.getlines(filename)))):
        if not isinstance(node, ast.stmt | ast.expr):
            continue
        if not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, ast.expr):
            used |= _names(node, ast.Load)
        if isinstance(node, ast.While):
            variables = set()
        # What a loop goes over is asked for once.
        elif isinstance(node, ast.For | ast.AsyncFor) and node.body[0].lineno <= line:
            variables = _names(node.target, ast.Store)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            variables = set().union(*(_names(g.target, ast.Store) for g in node.generators))
    return not used.isdisjoint(variables)


def _names(tree: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }
