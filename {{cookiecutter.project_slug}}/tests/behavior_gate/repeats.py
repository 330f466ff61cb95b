"""N+1: the same SELECT again and again in one request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .core import Gate, Location, Option, Request
from .exchange import endpoint_of, here, is_over
from .statements import one_line

N_PLUS_ONE = Option(
    "n_plus_one", 5, "the number of equal SELECTs, from one line in one request, that is too many"
)


@dataclass(slots=True)
class Repeated:
    """How often a request sent one SELECT, and from where."""

    count: int = 1
    lines: Counter[Location | None] = field(default_factory=Counter)


class Repeats:
    """Counts the SELECTs of each request."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._selects: dict[Request, dict[str, Repeated]] = {}

    def add(self, request: Request, statement: str) -> None:
        """Count a SELECT. Its line is looked up only when it is sent again, as that takes time."""
        statements = self._selects.setdefault(request, {})
        repeated = statements.get(statement)
        if repeated is None:
            statements[statement] = Repeated()
        else:
            repeated.count += 1
            repeated.lines[here(self.gate)] += 1

    def judge(self, request: Request) -> None:
        """Report what a request sent too often, and begin to count anew."""
        limit = self.gate.options.get(N_PLUS_ONE.name, N_PLUS_ONE.default)
        for statement, repeated in self._selects.pop(request, {}).items():
            if repeated.count < limit:
                continue
            where, count = repeated.lines.most_common(1)[0]
            # The first one's line was not looked up: where all others agree, it is theirs.
            count += repeated.lines.total() == count
            if count >= limit:
                self.gate.report(
                    "database",
                    what=f"{request.method} {request.path} sent the same SELECT {count} times: "
                    f"{one_line(statement)}",
                    where=where or endpoint_of(self.gate, request),
                    why="one query for each row (N+1) slows down with every row that is added",
                    mend="load the rows with their parents by selectinload() or joinedload(), or"
                    " all at once by one query with IN",
                )

    def judge_leftovers(self) -> None:
        """Judge what tasks have sent after their request was over."""
        for request in list(self._selects):
            if is_over(self.gate, request):
                self.judge(request)
