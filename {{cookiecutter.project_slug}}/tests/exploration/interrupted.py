"""What the interruptions of a call come to, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import wrap

from .attempts import Attempt, Kind
from .differences import Difference, differences
from .expected import Expected, Final
from .outcomes import Outcome
from .report import IN_FULL, PROSE, shortened, tabled, wrapped

#: What an interruption does, in the list of the statements.
DONE: dict[Kind, str] = {
    "cancel": "It is cancelled while it waits.",
    "kill": "The connection is ended before this statement.",
    "commit": "The server has carried it out, but the connection is lost before the answer.",
}


@dataclass
class Damage:
    """An interruption, and what is wrong after it."""

    attempt: Attempt
    problems: list[str]
    final: Final


@dataclass
class Interrupted:
    """What all interruptions of a call have come to."""

    expected: Expected
    schedules: list[Attempt] = field(default_factory=list)
    """The interruptions that were made: name, outcomes and statements."""
    findings: list[Damage] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    """The names of those that were not made, since the call hangs from then on."""

    @property
    def serial(self) -> tuple[Attempt, ...]:
        """The call uninterrupted, and the same once more after that."""
        return self.expected.first

    @property
    def outcomes(self) -> set[tuple[Outcome, ...]]:
        """What the call ended with, uninterrupted or interrupted."""
        return {attempt.outcomes for attempt in (self.serial[0], *self.schedules)}


def report(interrupted: Interrupted, nodeid: str) -> str:
    """The findings, in plain text."""
    found = interrupted.findings
    alike: dict[object, list[Damage]] = {}
    for one in found:
        key = tuple(one.problems), frozenset(one.final.state.items())
        alike.setdefault(key, []).append(one)
    groups = list(alike.values())
    count = len(interrupted.schedules)
    verb = "leaves" if len(found) == 1 else "leave"
    parts = [f"{len(found)} of {count} interruptions {verb} something wrong behind."]
    parts += ["\n".join(_of_group(one, interrupted, nodeid)) for one in groups[:IN_FULL]]
    if rest := [one.attempt.name for group in groups[IN_FULL:] for one in group]:
        parts.append(wrapped("So do ", rest))
    if interrupted.not_run:
        parts.append(wrapped("As the call hangs, these were not made: ", interrupted.not_run))
    return "\n\n".join(parts)


def _of_group(alike: Sequence[Damage], interrupted: Interrupted, nodeid: str) -> Iterator[str]:
    first, *others = alike
    attempt = first.attempt
    yield f"{attempt.name}, at {attempt.where}:"
    for problem in first.problems:
        told = f"{problem[0].upper()}{problem[1:]}."
        yield from wrap(
            told, PROSE, initial_indent="  ", subsequent_indent="    ", break_long_words=False
        )
    yield ""
    yield from _beside(first, interrupted.expected)
    yield from _statements(attempt)
    if others:
        yield ""
        yield wrapped("  The same comes of ", [one.attempt.name for one in others])
    yield ""
    yield f'  Run it alone: pytest "{nodeid}" --schedule="{attempt.name}"'


def _beside(damage: Damage, expected: Expected) -> Iterator[str]:
    """What there is if the call is never made, made once, and after the interruption."""
    attempt = damage.attempt
    finals = (expected.never, expected.once, damage.final)
    outcomes = ("-", *map(str, (*expected.first[0].outcomes, *attempt.outcomes)))
    table = [
        Difference("", ("never", "once", attempt.name)),
        Difference("ended with", outcomes),
        *differences(expected.comparison, [final.rows for final in finals]),
    ]
    yield from tabled(table)


def _statements(attempt: Attempt) -> Iterator[str]:
    interruption = attempt.interruption
    if interruption is None or not attempt.statements:
        return
    yield ""
    yield "  Its statements:"
    done = f"         {DONE[interruption.kind]}"
    if not attempt.begun:
        yield done
    for statement in attempt.statements:
        yield shortened(f"    {statement.number:<4} {statement.text}")
        if statement.where:
            yield shortened(f"         at {statement.where}")
        if statement.number == attempt.begun:
            yield done
