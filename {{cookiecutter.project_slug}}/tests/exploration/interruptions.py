"""Interrupts a call wherever it can be interrupted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import iscoroutine
from itertools import pairwise
from typing import Any

from .attempts import NAME, Attempt, Interruption, Kind
from .expected import HALF, TWICE, Expected
from .explored import ExplorationError
from .generations import Generations
from .interleavings import Accepted, Invariant, Settings
from .interrupted import Damage, Interrupted, report
from .places import Databases, Place, place
from .suspensions import Call


class Interruptions:
    """Interrupts a call wherever it can be interrupted. The fixture `interruptions`."""

    def __init__(
        self, databases: Databases, isolation: Any, generations: Generations, settings: Settings
    ) -> None:
        self._databases = databases
        self._isolation = isolation
        self._generations = generations
        self._settings = settings

    async def __call__(
        self, call: Call, *, invariant: Invariant | None = None, accept: Accepted | None = None
    ) -> Interrupted:
        """Make a call again and again, each time with another interruption.

        It is cancelled at each moment at which it waits, its connection is ended before each of its
        statements, and each COMMIT is carried out, but the connection lost before the answer. What
        the test has written before is committed, and each run begins with it. At the end the
        database is as it was before. What is found, and what is not, see `Expected`.

        Args:
            call: Returns an awaitable: a request of a client, or any coroutine.
            invariant: Called after each run. Its AssertionError is a finding.
            accept: Outcomes that are no finding, whatever is left behind, each with the reason.

        Raises:
            AssertionError: An interruption leaves something wrong behind, or the call comes to
                different ends without one. The message is the report.
            ExplorationError: It can't be made as the test or the command line asks for it.
            OpenTransactionError: A session of the test is still in a transaction.
        """
        __tracebackhide__ = True
        _check(call, accept or {})
        interrupted = await self._explore(call, invariant, accept or {})
        if interrupted.findings:
            raise AssertionError(report(interrupted, self._settings.nodeid))
        return interrupted

    async def _explore(
        self, call: Call, invariant: Invariant | None, accept: Accepted
    ) -> Interrupted:
        async with place(self._databases, self._isolation, self._generations) as here:
            expected = Expected(here, call, self._settings)
            await expected.prepare()
            interrupted = await self._interrupt(here, expected, invariant, accept)
            may_be_due_to_time = interrupted.findings and not interrupted.not_run
            if may_be_due_to_time and await expected.is_out_of_date():
                interrupted = await self._interrupt(here, expected, invariant, accept)
        return interrupted

    async def _interrupt(
        self, here: Place, expected: Expected, invariant: Invariant | None, accept: Accepted
    ) -> Interrupted:
        interrupted = Interrupted(expected)
        for interruption in (chosen := iter(self._chosen(expected))):
            attempt = await expected.make(interruption)
            if not attempt.was_interrupted:
                # It was over before that.
                continue
            interrupted.schedules.append(attempt)
            problems, final = await expected.judge(attempt)
            if invariant is not None:
                problems += await _broken(here, invariant)
            last = attempt
            if {HALF, TWICE}.isdisjoint(problems) and not attempt.hangs:
                more, last = await expected.make_next(final)
                problems += more
            if problems and attempt.outcomes not in accept:
                interrupted.findings.append(Damage(attempt, problems, final))
            if last.hangs:
                # So would the others, if it waits for what the process holds.
                interrupted.not_run = list(map(str, chosen))
        return interrupted

    def _chosen(self, expected: Expected) -> Iterator[Interruption]:
        usual = expected.first[0]
        counts: dict[Kind, int] = {
            "cancel": len(usual.places),
            "kill": len(usual.statements),
            "commit": sum(one.text == "COMMIT" for one in usual.statements),
        }
        if self._settings.only:
            yield _named(self._settings.only, counts)
            return
        # What changes rows may be a function, which nobody can tell from one that reads.
        is_hidden = expected.once.state != expected.never.state and not any(
            one.writes for one in usual.statements
        )
        in_full = self._settings.in_full or is_hidden
        for kind, count in counts.items():
            numbers = range(1, count + 1) if in_full else _few(kind, usual)
            for number in numbers:
                # Whether a ROLLBACK arrives makes no difference.
                if kind != "kill" or usual.statements[number - 1].text != "ROLLBACK":
                    yield Interruption(kind, number)


async def _broken(here: Place, invariant: Invariant) -> list[str]:
    try:
        await here.ask(invariant)
    except AssertionError as error:
        return [f"it breaks the invariant: {error}".partition("\n")[0].rstrip(": ")]
    return []


def _few(kind: Kind, usual: Attempt) -> list[int]:
    """The numbers of the interruptions that are most likely to find something.

    The connection is ended before the first statement that writes, and at each COMMIT of what has
    been written. From that statement on, the call is cancelled the last time that a line waits:
    what the line asks the server for has been sent then.
    """
    writes = [one for one in usual.statements if one.writes]
    commits = [one for one in usual.statements if one.text == "COMMIT"]
    if kind == "commit":
        return [number for number, one in enumerate(commits, 1) if one.writes]
    if kind == "kill":
        return [one.number for one in writes if one is writes[0] or one.text == "COMMIT"]
    first = writes[0].number if writes else len(usual.statements)
    return [
        number
        for number, (place, after) in enumerate(pairwise([*usual.places, ""]), 1)
        if place != after and usual.begun_at[number - 1] >= first
    ]


def _named(name: str, counts: Mapping[Kind, int]) -> Interruption:
    match = NAME.fullmatch(name)
    kinds = {str(kind): kind for kind in counts}
    if match is None:
        raise ExplorationError(
            f"--schedule: {name!r} is not an interruption of a call. One is named as cancel@3."
        )
    kind, number = kinds[match[1]], int(match[2])
    if number > counts[kind]:
        last = f"The last one is {kind}@{counts[kind]}." if counts[kind] else "There is none."
        raise ExplorationError(f"--schedule: The call has no {name}. {last}")
    return Interruption(kind, number)


def _check(call: Call, accept: Accepted) -> None:
    if not callable(call):
        if iscoroutine(call):
            call.close()
        raise ExplorationError(
            f"{call!r} can be awaited only once: give a function that returns a new awaitable."
        )
    for outcome, reason in accept.items():
        if len(outcome) != 1:
            raise ExplorationError(f"accept: {outcome} is not the outcome of one call: (503,) is.")
        if not reason.strip():
            raise ExplorationError(f"accept: {outcome} needs a reason.")
