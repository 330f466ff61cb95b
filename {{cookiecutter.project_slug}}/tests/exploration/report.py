"""What is told of the schedules that are not what they should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .differences import Difference, differences
from .explored import Explored, Finding
from .rows import Comparison, Rows
from .runs import Run, Wait

#: So many findings are told in full.
IN_FULL = 3
WIDTH = 100
#: So wide are lines that are broken and not cut: pytest indents them by eight columns.
PROSE = 72
#: As many columns of a table are for what differs, and for each run, at most.
LABEL, CELL = 44, 24
#: So many serial runs are shown beside a schedule.
BESIDE = 3


class Report:
    """The findings of an exploration, in plain text."""

    def __init__(self, explored: Explored, comparison: Comparison, nodeid: str) -> None:
        self._explored = explored
        self._comparison = comparison
        self._nodeid = nodeid

    def __str__(self) -> str:
        found, explored = self._explored.findings, self._explored
        alike: dict[object, list[Finding]] = {}
        for finding in found:
            alike.setdefault(self._kind_of(finding), []).append(finding)
        groups = list(alike.values())
        count = len(explored.schedules) + len(explored.serial)
        parts = [f"{len(found)} of {count} schedules are not as they should be."]
        parts += map(self._of_group, groups[:IN_FULL])
        if rest := [finding.run.name for group in groups[IN_FULL:] for finding in group]:
            parts.append(wrapped("Others are not, either: ", rest))
        if explored.not_run:
            parts.append(wrapped("As so many hang, these were not run: ", explored.not_run))
        return "\n\n".join(parts)

    def _kind_of(self, finding: Finding) -> object:
        state = frozenset(self._comparison.state_of(finding.rows).items())
        return finding.what, finding.run.outcomes, state

    def _of_group(self, findings: Sequence[Finding]) -> str:
        first, *others = findings
        run = first.run
        lines = [shortened(f"{run.name} {first.what}."), ""]
        lines += self._beside(first)
        lines += _what_is_said(run)
        lines += ["", "  The statements, in the order in which they ran:"]
        lines += _statements(run)
        if others:
            lines += ["", wrapped("  The same comes of ", [one.run.name for one in others])]
        lines += ["", f'  Run it alone: pytest "{self._nodeid}" --schedule="{run.name}"']
        return "\n".join(lines)

    def _beside(self, finding: Finding) -> Iterator[str]:
        """The serial runs and a schedule side by side."""
        serial = [one for one in self._serial() if one[0] is not finding.run][:BESIDE]
        runs = [*serial, (finding.run, finding.rows)]
        names = [run.name for run, _ in runs]
        table = [
            Difference(letter, tuple(str(run.outcomes[n]) for run, _ in runs))
            for n, letter in enumerate(finding.run.letters)
        ]
        table += differences(self._comparison, [rows for _, rows in runs])
        yield from tabled([Difference("", tuple(names)), *table])

    def _serial(self) -> Iterator[tuple[Run, Rows]]:
        """The serial runs or, if there are many, those that come to different ends."""
        known = set()
        if len(self._explored.serial_rows) <= BESIDE:
            yield from self._explored.serial_rows
            return
        for run, rows in self._explored.serial_rows:
            kind = run.outcomes, frozenset(self._comparison.state_of(rows).items())
            if kind not in known:
                known.add(kind)
                yield run, rows


def _what_is_said(run: Run) -> Iterator[str]:
    """The errors of calls, and where those wait that hang."""
    for letter, ending in zip(run.letters, run.endings, strict=True):
        if ending.error is not None:
            said = " ".join(str(getattr(ending.error, "orig", None) or ending.error).split())
            yield shortened(f"  {letter} raised {type(ending.error).__name__}: {said}")
        if letter in run.hangs:
            yield shortened(f"  {letter} waits at {run.hangs[letter] or 'an unknown line'}")


def _statements(run: Run) -> Iterator[str]:
    waits = {id(wait.statement): wait for wait in run.waits if wait.statement is not None}
    for statement in run.statements:
        yield shortened(f"    {statement.letter}{statement.number:<3} {statement.text}")
        if statement.where:
            yield shortened(f"         at {statement.where}")
        if id(statement) in waits:
            yield f"         {_told(waits[id(statement)])}"
    for wait in run.waits:
        if wait.statement is None:
            yield f"    {_told(wait)}"


def _told(wait: Wait) -> str:
    others = " and ".join(wait.others)
    hold, go = ("holds", "goes") if len(wait.others) == 1 else ("hold", "go")
    if wait.for_ever:
        return f"It waits for a lock that {others} {hold} for ever."
    if wait.statement is not None:
        return f"It waits for a lock that {others} {hold}, so {others} {go} on."
    return (
        f"{wait.letter} came no further, and was in no statement: perhaps it waits for a connection"
        f"\n    of the pool, or for a lock of asyncio. So {others} {go} on."
    )


def tabled(table: Sequence[Difference]) -> Iterator[str]:
    """The lines of a table, as narrow as what stands in it allows."""
    label = max(len(what) for what, _ in table if len(what) <= LABEL)
    widths = [
        min(CELL, max(map(len, column))) for column in zip(*(c for _, c in table), strict=True)
    ]
    for what, cells in table:
        row = "".join(
            f"  {shortened(cell, width):<{width}}"
            for cell, width in zip(cells, widths, strict=True)
        )
        if len(what) > LABEL:
            yield shortened(f"  {what}")
            what = ""
        yield f"  {what:<{label}}{row}".rstrip()


def shortened(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def wrapped(head: str, names: Iterable[str]) -> str:
    """Names in lines that are not too long."""
    lines = [head]
    for n, name in enumerate(names):
        word = f"{', ' if n else ''}{name}"
        if len(lines[-1]) + len(word) >= PROSE - 1:
            lines[-1] += ","
            lines.append(f"    {name}")
        else:
            lines[-1] += word
    return "\n".join(lines) + "."
