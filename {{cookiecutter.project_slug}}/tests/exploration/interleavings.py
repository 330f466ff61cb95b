"""Runs calls in every order of their statements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from .explored import Explored, Finding
from .generations import Generations
from .lines import Lines
from .oracle import Oracle
from .outcomes import Outcome
from .report import report
from .rows import Comparison, Rows, rows_of, schema_of
from .schedules import LETTERS, Schedule, parse, with_one_more
from .statements import watched
from .turns import Function, Run, Turns


class Snapshot(Protocol):
    """A database that can be what it was, as often as needed."""

    name: str

    async def restore(self) -> None: ...
    async def fetch(self, query: str, *arguments: Any) -> list[Any]: ...
    async def read(self, query: str) -> list[Any]: ...


class Place:
    """The database of the test, which is the same at the begin of each run."""

    def __init__(self, snapshot: Snapshot, generations: Generations) -> None:
        self.snapshot = snapshot
        self._generations = generations
        self._is_fresh = True

    async def begin(self) -> None:
        """Give the next run the database as the test has filled it."""
        if not self._is_fresh:
            await self.snapshot.restore()
            self._generations.begin()
        self._is_fresh = False


class Databases(Protocol):
    """Where the databases of tests are."""

    def snapshot(self, url: str) -> AbstractAsyncContextManager[Snapshot]: ...


@asynccontextmanager
async def place(databases: Databases, isolation: Any) -> AsyncIterator[Place]:
    """Take what the test has written as that which each run begins with.

    Raises:
        OpenTransactionError: A session of the test is still in a transaction.
    """
    await isolation.before_request()
    generations = Generations()
    with generations.watched(), watched():
        async with databases.snapshot(isolation.database_url) as snapshot:
            generations.begin()
            yield Place(snapshot, generations)
        generations.begin()


class Interleavings:
    """Explores how calls may come between each other. The fixture `interleavings`."""

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
        *calls: Function,
        depth: int = 1,
        invariant: Callable[[], Awaitable[object]] | None = None,
        accept: Mapping[tuple[Outcome, ...], str] | None = None,
    ) -> Explored:
        __tracebackhide__ = True
        explored = await self._explore(calls, depth, invariant, accept or {})
        if explored.findings:
            raise AssertionError(report(explored, self._nodeid))
        return explored

    async def _explore(
        self,
        calls: tuple[Function, ...],
        depth: int,
        invariant: Callable[[], Awaitable[object]] | None,
        accept: Mapping[tuple[Outcome, ...], str],
    ) -> Explored:
        letters = LETTERS[: len(calls)]
        explored = Explored()
        async with place(self._databases, self._isolation) as here:
            turns = Turns(calls, here.snapshot, self._lines)
            schema = await schema_of(here.snapshot)

            async def run_once(schedule: Schedule) -> tuple[Run, Rows]:
                await here.begin()
                run = await turns.run(schedule)
                return run, await rows_of(here.snapshot, schema)

            comparison = Comparison(schema, await rows_of(here.snapshot, schema))
            oracle = Oracle(letters, run_once, comparison)
            await oracle.prepare()
            explored.serial = [run for run, _ in oracle.serial]
            if self._only:
                ready = [parse(self._only, len(calls))]
            else:
                ready = _with_one_more(explored.serial, set())
            known = set(map(str, ready))
            for level in range(depth):
                runs = []
                for schedule in ready:
                    run, rows = await run_once(schedule)
                    runs.append(run)
                    explored.schedules.append(run)
                    what = await self._judge(run, rows, oracle, accept)
                    if what is not None:
                        explored.findings.append(Finding(run, rows, what))
                if self._only or level + 1 == depth:
                    break
                ready = _with_one_more(runs, known)
        return explored

    async def _judge(
        self,
        run: Run,
        rows: Rows,
        oracle: Oracle,
        accept: Mapping[tuple[Outcome, ...], str],
    ) -> str | None:
        if run.outcomes in accept:
            return None
        if run.hang:
            return "hangs"
        if run.deadlock:
            return "a deadlock"
        if not await oracle.accepts(run, rows):
            return "is like no serial run"
        return None


def _with_one_more(runs: list[Run], known: set[str]) -> list[Schedule]:
    found = {str(one): one for run in runs for one in with_one_more(run.schedule, run.begun)}
    return [one for name, one in found.items() if name not in known]
