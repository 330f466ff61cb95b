"""Runs calls in every order of their statements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import iscoroutine
from typing import Any

from .calls import Function
from .explored import ExplorationError, Explored, Finding
from .generations import Generations
from .lines import Lines
from .oracle import Oracle
from .outcomes import Outcome
from .places import Databases, Place, place
from .report import Report
from .rows import Comparison, Rows, rows_of, schema_of
from .runs import Run
from .schedules import LETTERS, Schedule, ScheduleError, parse, with_one_more
from .turns import GAP_S, Turns

Invariant = Callable[[], Awaitable[object]]
Accepted = Mapping[tuple[Outcome, ...], str]

UNLIKE = "comes to what no serial run comes to"
#: So many schedules may hang before an exploration ends: each takes seconds.
HANGS = 3


@dataclass(frozen=True)
class Settings:
    """What the command line says, and the test that explores."""

    nodeid: str
    lines: Lines
    only: str | None = None
    """The name of the one schedule to run."""
    in_full: bool = True
    told: Callable[[str], object] = str
    """Told of each run that is over."""


class Interleavings:
    """Explores how calls may come between each other. The fixture `interleavings`."""

    def __init__(
        self, databases: Databases, isolation: Any, generations: Generations, settings: Settings
    ) -> None:
        self._databases = databases
        self._isolation = isolation
        self._generations = generations
        self._settings = settings

    async def __call__(
        self,
        *calls: Function,
        depth: int = 1,
        invariant: Invariant | None = None,
        accept: Accepted | None = None,
    ) -> Explored:
        """Run calls in every order of their statements, and compare with one after the other.

        What the test has written before is committed, and each run begins with it. At the end the
        database is as it was before. What is found, and what is not, see `Oracle`.

        Args:
            calls: Each returns an awaitable: a request of a client, or any coroutine.
            depth: How often in a schedule a call stands before a statement while others go on.
            invariant: Called after each run. Its AssertionError is a finding.
            accept: Outcomes that are no finding, whatever the rows, each with the reason.

        Raises:
            AssertionError: Some schedule is like no serial run, or hangs, or is a deadlock, or the
                invariant does not hold after it. The message is the report.
            ExplorationError: It can't be made as the test or the command line asks for it.
            OpenTransactionError: A session of the test is still in a transaction.
        """
        __tracebackhide__ = True
        _check(calls, depth, accept or {})
        async with place(self._databases, self._isolation, self._generations) as here:
            exploration = Exploration(here, calls, self._settings, invariant, accept or {})
            await exploration.explore(depth)
        if exploration.found.findings:
            report = Report(exploration.found, exploration.comparison, self._settings.nodeid)
            raise AssertionError(str(report))
        return exploration.found


class Exploration:
    """One exploration: the runs that are made, and what is found."""

    def __init__(
        self,
        here: Place,
        calls: tuple[Function, ...],
        settings: Settings,
        invariant: Invariant | None,
        accept: Accepted,
    ) -> None:
        self.found = Explored()
        self._here = here
        self._turns = Turns(calls, here.snapshot, settings.lines)
        self._letters = LETTERS[: len(calls)]
        self._settings = settings
        self._invariant = invariant
        self._accept = accept

    async def explore(self, depth: int) -> None:
        only = self._parsed(self._settings.only) if self._settings.only else None
        self._schema = await schema_of(self._here.snapshot)
        before = await rows_of(self._here.snapshot, self._schema)
        self.comparison = Comparison(self._schema, before)
        self._oracle = Oracle(self._letters, self._run, self.comparison)
        await self._oracle.prepare()
        self.found.serial_rows = self._oracle.serial
        if self.found.findings:
            return
        if not any(run.statements for run in self.found.serial):
            raise ExplorationError(
                "No statement of the calls was seen. Those that go through SQLAlchemy or asyncpg"
                " are, but not where a driver without async holds up the event loop."
            )
        changed = [not self.comparison.is_alike(before, rows) for _, rows in self._oracle.serial]
        # What changes rows may be a function, which nobody can tell from one that reads.
        self._in_full = self._settings.in_full or (any(changed) and not self._sees_writes())
        await self._run_schedules(only, depth)
        found = self.found.findings
        hangs = any(one.run.hangs for one in found)
        is_unlike = any(one.what == UNLIKE for one in found)
        if is_unlike and not hangs and await self._oracle.is_out_of_date():
            found.clear()
            self.found.schedules.clear()
            await self._run_schedules(only, depth)

    def _sees_writes(self) -> bool:
        return any(one.writes for run in self.found.serial for one in run.statements)

    async def _run_schedules(self, only: Schedule | None, depth: int) -> None:
        if only:
            [run] = await self._run_all([only])
            if run.missed:
                raise ExplorationError(
                    f"In {only}, {run.missed.letter} is done before its statement"
                    f" {run.missed.stop}."
                )
            return
        runs, known = self.found.serial, set[str]()
        for _ in range(depth):
            ready = [one for one in self._with_one_more(runs) if str(one) not in known]
            known.update(map(str, ready))
            runs = await self._run_all(ready)

    def _parsed(self, name: str) -> Schedule:
        try:
            return parse(name, len(self._letters))
        except ScheduleError as error:
            raise ExplorationError(f"--schedule: {error}") from None

    def _with_one_more(self, runs: Iterable[Run]) -> Iterable[Schedule]:
        found: dict[str, Schedule] = {}
        for run in runs:
            stops = None
            if not self._in_full:
                stops = {(one.letter, one.number) for one in run.statements if one.writes}
            for schedule in with_one_more(run.schedule, run.begun, stops):
                found.setdefault(str(schedule), schedule)
        return found.values()

    async def _run_all(self, schedules: Iterable[Schedule]) -> list[Run]:
        runs = []
        for schedule in schedules:
            if sum(bool(finding.run.hangs) for finding in self.found.findings) >= HANGS:
                self.found.not_run.append(str(schedule))
                continue
            run, rows = await self._run(schedule)
            runs.append(run)
            self.found.schedules.append(run)
            if run.outcomes in self._accept or run.hangs:
                continue
            if run.deadlock:
                self._find(run, rows, "is a deadlock: PostgreSQL ends one of the calls")
            elif not await self._oracle.accepts(run, rows):
                self._find(run, rows, UNLIKE)
        return runs

    async def _run(self, schedule: Schedule, *, ahead: bool = False) -> tuple[Run, Rows]:
        await self._here.begin(ahead=ahead)
        run = await self._turns.run(schedule)
        if run.deadlock:
            # Which call PostgreSQL ends must not be a matter of luck.
            await self._here.begin()
            run = await self._turns.run(schedule, gap_s=GAP_S)
        rows = await rows_of(self._here.snapshot, self._schema)
        self._settings.told(run.name)
        if ahead:
            # Neither judged, nor shown to an invariant, which may know the numbers.
            return run, rows
        if run.hangs and run.outcomes not in self._accept:
            self._find(run, rows, "hangs: none of its calls goes on")
        elif self._invariant is not None:
            try:
                await self._here.ask(self._invariant)
            except AssertionError as error:
                said = str(error).partition("\n")[0]
                self._find(run, rows, f"breaks the invariant: {said}".rstrip(": "))
        return run, rows

    def _find(self, run: Run, rows: Rows, what: str) -> None:
        # Each serial order is run twice.
        if run.name not in {finding.run.name for finding in self.found.findings}:
            self.found.findings.append(Finding(run, rows, what))


def _check(calls: tuple[Function, ...], depth: int, accept: Accepted) -> None:
    for coroutine in filter(iscoroutine, calls):
        coroutine.close()
    for call in calls:
        if not callable(call):
            raise ExplorationError(
                f"{call!r} can be awaited only once: give a function that returns a new awaitable."
            )
    if not 2 <= len(calls) <= len(LETTERS):
        raise ExplorationError("It needs two calls or more.")
    if depth < 1:
        raise ExplorationError(f"depth={depth}: a schedule has at least one change of turn.")
    for outcomes, reason in accept.items():
        if len(outcomes) != len(calls):
            raise ExplorationError(
                f"accept: {outcomes} are not the outcomes of {len(calls)} calls."
            )
        if not reason.strip():
            raise ExplorationError(f"accept: {outcomes} needs a reason.")
