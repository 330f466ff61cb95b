"""Interrupts a call wherever it can be interrupted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from .attempts import NAME, Attempt, Interruption, Kind
from .expected import HALF, TWICE, Expected
from .interleavings import Databases, place
from .lines import Lines
from .outcomes import Outcome
from .schedules import ScheduleError
from .suspensions import Call
from .telling import Damage, tell


@dataclass
class Interrupted:
    """What all interruptions of a call have come to."""

    serial: tuple[Attempt, ...] = ()
    """The call uninterrupted, and the same once more after that."""
    schedules: list[Attempt] = field(default_factory=list)
    """The interruptions: name, outcomes and statements."""
    findings: list[Damage] = field(default_factory=list)

    @property
    def outcomes(self) -> set[tuple[Outcome, ...]]:
        """What the call ended with, uninterrupted or interrupted."""
        return {attempt.outcomes for attempt in (*self.serial[:1], *self.schedules)}


class Interruptions:
    """Interrupts a call wherever it can be interrupted. The fixture `interruptions`."""

    def __init__(
        self,
        databases: Databases,
        isolation: Any,
        lines: Lines,
        nodeid: str,
        *,
        only: str | None = None,
        in_full: bool = True,
    ) -> None:
        self._databases = databases
        self._isolation = isolation
        self._lines = lines
        self._nodeid = nodeid
        self._only = only
        self._in_full = in_full

    async def __call__(
        self,
        call: Call,
        *,
        invariant: Callable[[], Awaitable[object]] | None = None,
        accept: Mapping[tuple[Outcome, ...], str] | None = None,
    ) -> Interrupted:
        """Make a call again and again, each time with another interruption.

        It is cancelled at each moment at which it waits, the connections to the database are ended
        before each of its statements, and each COMMIT is carried out and answered by a lost
        connection. Each run begins with the rows that there are now. Which ones are judged to be
        wrong, `Expected` tells.

        Args:
            call: Returns an awaitable, such as a request of the client.
            invariant: Is awaited after each run. Its AssertionError is a finding.
            accept: Outcomes that are no findings, whatever they leave behind, and the reasons.

        Raises:
            AssertionError: An interruption leaves something wrong behind.
            ScheduleError: There is no such interruption as `--schedule` names.
        """
        __tracebackhide__ = True
        interrupted = await self._explore(call, invariant, accept or {})
        if interrupted.findings:
            raise AssertionError(tell(interrupted.findings, len(interrupted.schedules), self._nodeid))
        return interrupted

    async def _explore(
        self,
        call: Call,
        invariant: Callable[[], Awaitable[object]] | None,
        accept: Mapping[tuple[Outcome, ...], str],
    ) -> Interrupted:
        interrupted = Interrupted()
        async with place(self._databases, self._isolation) as here:
            expected = Expected(here, self._lines, call)
            await expected.prepare()
            interrupted.serial = expected.first
            for interruption in self._chosen(expected.first[0]):
                attempt = await expected.make(interruption)
                if not attempt.was_interrupted:
                    # It was over before that.
                    continue
                interrupted.schedules.append(attempt)
                problems, final = await expected.judge(attempt)
                if invariant is not None:
                    problems += await self._broken(invariant)
                last = attempt
                if {HALF, TWICE}.isdisjoint(problems) and not attempt.hangs:
                    more, last = await expected.make_next(final)
                    problems += more
                if problems and attempt.outcomes not in accept:
                    interrupted.findings.append(Damage(attempt, problems, final, expected))
                if last.hangs:
                    # So would the others, if it waits for what the process holds.
                    break
        return interrupted

    async def _broken(self, invariant: Callable[[], Awaitable[object]]) -> list[str]:
        try:
            await invariant()
        except AssertionError as error:
            return [f"the invariant does not hold: {error}"]
        finally:
            # What it has read is not kept open.
            await self._isolation.before_request()
        return []

    def _chosen(self, usual: Attempt) -> Iterator[Interruption]:
        counts: dict[Kind, int] = {
            "cancel": len(usual.places),
            "kill": len(usual.statements),
            "commit": sum(one.text == "COMMIT" for one in usual.statements),
        }
        if self._only is not None:
            yield _named(self._only, counts)
            return
        for kind, count in counts.items():
            numbers = range(1, count + 1) if self._in_full else _few(kind, count, usual)
            for number in numbers:
                # Whether a ROLLBACK arrives makes no difference.
                if kind != "kill" or usual.statements[number - 1].text != "ROLLBACK":
                    yield Interruption(kind, number)


def _few(kind: Kind, count: int, usual: Attempt) -> list[int]:
    """The numbers of the interruptions that are most likely to find something.

    Of the moments at which one line of the app waits, the last one: there its statement has been
    sent, before it the connection is made and the transaction begins. Of the statements, the first
    write and each COMMIT.
    """
    if kind == "cancel":
        ends = [n for n, (one, next_one) in enumerate(pairwise(usual.places), 1) if one != next_one]
        return [*ends, count][: count]
    if kind == "kill":
        writes = [one.number for one in usual.statements if one.writes]
        commits = [one.number for one in usual.statements if one.text == "COMMIT"]
        return sorted({*writes[:1], *commits})
    return list(range(1, count + 1))


def _named(name: str, counts: Mapping[Kind, int]) -> Interruption:
    match = NAME.fullmatch(name)
    kinds = {str(kind): kind for kind in counts}
    if match is None:
        raise ScheduleError(f"{name!r} is not an interruption. One is named as cancel@3.")
    kind, number = kinds[match[1]], int(match[2])
    if number > counts[kind]:
        last = f"The last one is {kind}@{counts[kind]}." if counts[kind] else "There is none."
        raise ScheduleError(f"The call has no {name}. {last}")
    return Interruption(kind, number)
