"""Runs calls by a schedule: one goes on, the others stand before their next statement."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection

from .lines import Lines
from .outcomes import HANGS, Ending, ending_of
from .schedules import LETTERS, Schedule, Turn
from .statements import ENDS, Statement, backend_of, may_write, one_line, watcher

#: Seconds after which the server is asked whether the call that has the turn waits for a lock.
ASK_S = 0.005
#: Seconds without progress, and in no statement, after which a call is taken to wait for another.
WAITS_S = 1.0
#: Seconds without progress of any call, after which they hang. PostgreSQL looks for deadlocks
#: after one second, if it is not told otherwise.
HANGS_S = 3.0

BLOCKERS = (
    "SELECT pid, state = 'active', pg_blocking_pids(pid) FROM pg_stat_activity"
    " WHERE pid = ANY ($1::int[])"
)

Function = Callable[[], Awaitable[Any]]


class Server(Protocol):
    """Where it is asked who waits for whom."""

    async def fetch(self, query: str, *arguments: Any) -> list[Any]: ...


@dataclass
class Wait:
    """A call that had the turn, and waited for others."""

    letter: str
    statement: Statement | None
    """The statement that waits for a lock, or None where it is in none."""
    others: str
    """The letters of the calls that hold the lock."""


@dataclass
class Run:
    """What has come of a schedule."""

    schedule: Schedule
    endings: tuple[Ending, ...] = ()
    statements: list[Statement] = field(default_factory=list)
    """In the order in which they ran."""
    begun: list[dict[str, int]] = field(default_factory=list)
    """How many statements of each call had begun at the end of each turn."""
    waits: list[Wait] = field(default_factory=list)
    missed: Turn | None = None
    """The turn that has not come to its stop, as the call was done before."""
    deadlock: bool = False
    hangs: dict[str, str] = field(default_factory=dict)
    """The calls that were given up, and the line of the application at which each waited."""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return str(self.schedule)

    @property
    def letters(self) -> list[str]:
        """The calls, in the order of their endings."""
        return sorted(turn.letter for turn in self.schedule.turns if turn.stop is None)

    @property
    def outcomes(self) -> tuple[int | str, ...]:
        return tuple(ending.outcome for ending in self.endings)


class Call:
    """A call in one run."""

    def __init__(self, letter: str, turns: Turns) -> None:
        self.letter = letter
        self.loop = asyncio.get_running_loop()
        self.task: asyncio.Task[Ending] | None = None
        self.begun = 0
        #: The number of the statement before which it has to stand.
        self.stop: int | None = None
        #: The statements that it stands before.
        self.standing: dict[int, asyncio.Future[None]] = {}
        #: The processes of the server that have worked for it last, and their statements.
        self.backends: dict[int | None, Statement] = {}
        #: Those that have written in a transaction which is open.
        self._writers: set[int | None] = set()
        #: The run is over: what is left of the call goes on as it likes.
        self.is_free = False
        self._turns = turns

    @property
    def is_done(self) -> bool:
        """Whether it has returned, and what it has left behind stands before no statement."""
        return self.task is not None and self.task.done() and not self.standing

    @property
    def is_running(self) -> bool:
        return self.task is not None and not self.is_done

    def waits_at(self, lines: Lines) -> str:
        return lines.of(self.task.get_coro()) if self.task is not None else ""

    def ending(self) -> Ending:
        if self.task is None or not self.task.done() or self.task.cancelled():
            return HANGS
        return self.task.result()

    def start(self, function: Function) -> None:
        context = copy_context()
        context.run(watcher.set, self)
        self.task = self.loop.create_task(ending_of(function), context=context)
        self.task.add_done_callback(lambda _: self._turns.changed())

    def noted(self, text: str, connection: Connection) -> Coroutine[Any, Any, None]:
        self.begun += 1
        backend = backend_of(connection)
        writes = may_write(text)
        if writes:
            self._writers.add(backend)
        elif text in ENDS:
            writes = text != "ROLLBACK" and backend in self._writers
            self._writers.discard(backend)
        # What a task of SQLAlchemy sends is asked for where the call waits.
        line = self._turns.lines.current() or self.waits_at(self._turns.lines)
        statement = Statement(self.letter, self.begun, one_line(text), line, backend, writes)
        return self._wait_before(statement)

    async def _wait_before(self, statement: Statement) -> None:
        while not self.may_pass(statement.number):
            standing = self.standing[statement.number] = self.loop.create_future()
            self._turns.changed()
            try:
                await standing
            finally:
                self.standing.pop(statement.number, None)
        if not self.is_free:
            self._turns.passed(statement)

    def may_pass(self, number: int) -> bool:
        return self.is_free or (self._is_before_its_stop(number) and self._turns.is_settled)

    @property
    def stands_for_others(self) -> bool:
        """Whether it has to stand only until it is known which calls still wait for locks."""
        return not self.is_free and any(map(self._is_before_its_stop, self.standing))

    def _is_before_its_stop(self, number: int) -> bool:
        return self._turns.has_turn(self) and (self.stop is None or number < self.stop)

    def let_go(self) -> None:
        """Let it go on from where it stands, as far as it may."""
        for number, standing in list(self.standing.items()):
            if self.may_pass(number) and not standing.done():
                del self.standing[number]
                standing.set_result(None)


class Turns:
    """Runs schedules of some calls, one schedule after the other."""

    def __init__(self, functions: Sequence[Function], server: Server, lines: Lines) -> None:
        self._functions = dict(zip(LETTERS, functions, strict=False))
        self._server = server
        self.lines = lines
        self._change = asyncio.Event()
        self._calls: dict[str, Call] = {}
        self._now: Call | None = None
        self._run = Run(Schedule(()))
        self._last_progress = 0.0
        #: The calls that waited in no statement, and the time of the last progress before.
        self._judged: dict[Call, float] = {}
        #: A call that has had its turn waits for a lock.
        self._locked = False
        #: Those that do, and whether the server has said so since the last statement.
        self._waiting: set[Call] = set()
        self._was_asked = False

    def has_turn(self, call: Call) -> bool:
        return self._now is call

    @property
    def is_settled(self) -> bool:
        """Whether the calls that have waited for a lock still do, or stand where they went on to.

        A statement may end the wait of another call, as ROLLBACK TO SAVEPOINT does. Whatever comes
        next in the call that has the turn would compete with it.
        """
        return not self._waiting or self._was_asked

    def passed(self, statement: Statement) -> None:
        self._run.statements.append(statement)
        self._was_asked = False
        # A pool may have handed the connection from one call to another.
        for letter, call in self._calls.items():
            call.backends.pop(statement.backend, None)
            if letter == statement.letter:
                call.backends[statement.backend] = statement
        self.changed()

    def changed(self) -> None:
        self._last_progress = time.monotonic()
        self._change.set()

    async def run(self, schedule: Schedule) -> Run:
        """Run the calls of a schedule. Afterwards none of them is running."""
        begin = self._last_progress = time.monotonic()
        run = self._run = Run(schedule)
        calls = self._calls = {letter: Call(letter, self) for letter in run.letters}
        self._judged.clear()
        self._waiting.clear()
        others = asyncio.all_tasks()
        try:
            for turn in schedule.turns:
                await self._advance(calls[turn.letter], turn.stop)
                run.begun.append({letter: call.begun for letter, call in calls.items()})
                if turn.stop and calls[turn.letter].is_done:
                    run.missed = run.missed or turn
            await self._finish([calls[turn.letter] for turn in schedule.turns if not turn.stop])
        finally:
            self._now = None
            await self._end(others)
        run.endings = tuple(call.ending() for call in calls.values())
        run.seconds = time.monotonic() - begin
        return run

    async def _finish(self, calls: Sequence[Call]) -> None:
        """Let those go on that had to wait, until all are done or none goes on."""
        while waiting := [call for call in calls if not call.is_done]:
            before, self._locked = self._last_progress, False
            for call in waiting:
                await self._advance(call, None)
            if self._last_progress != before:
                continue
            # What waits for a lock may be ended by the server, as one of a deadlock.
            if not self._locked or time.monotonic() - before > HANGS_S:
                self._run.hangs = {call.letter: call.waits_at(self.lines) for call in waiting}
                return
            await self._is_quiet_for(ASK_S)

    async def _end(self, others: set[asyncio.Task[Any]]) -> None:
        """Cancel the calls that are not done, and wait for what all have left behind."""
        for call in self._calls.values():
            if call.task is not None:
                call.task.cancel()
            call.is_free = True
            call.let_go()
        left = asyncio.all_tasks() - others
        if left:
            await asyncio.wait(left, timeout=WAITS_S)

    async def _advance(self, call: Call, stop: int | None) -> None:
        """Give a call the turn, until it is done, stands before a statement, or waits."""
        if call.is_done:
            return
        if self._judged.get(call) == self._last_progress:
            return
        call.stop, self._now = stop, call
        begin = time.monotonic()
        if call.task is None:
            call.start(self._functions[call.letter])
        self._waiting.discard(call)
        call.let_go()
        try:
            while not call.is_done and (call.stands_for_others or not call.standing):
                if call.standing:
                    await self._settle()
                    call.let_go()
                elif await self._is_quiet_for(ASK_S) and await self._waits(call, begin):
                    return
        finally:
            self._now = None

    async def _settle(self) -> None:
        """Wait for the statements of other calls that no longer wait for a lock."""
        pids = [pid for call in self._waiting for pid in call.backends]
        rows = await self._server.fetch(BLOCKERS, pids)
        while any(is_active and not blocking for _, is_active, blocking in rows):
            await self._is_quiet_for(ASK_S)
            rows = await self._server.fetch(BLOCKERS, pids)
        blocked = {pid for pid, _, blocking in rows if blocking}
        self._waiting = {call for call in self._waiting if not blocked.isdisjoint(call.backends)}
        self._was_asked = True

    async def _is_quiet_for(self, seconds: float) -> bool:
        self._change.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._change.wait()
        except TimeoutError:
            return True
        return False

    async def _waits(self, call: Call, begin: float) -> bool:
        """Whether a call waits for others, by what the server says of its connections."""
        others = [one for one in self._calls.values() if one is not call and one.is_running]
        owners = {pid: one for one in self._calls.values() for pid in one.backends}
        rows = await self._server.fetch(BLOCKERS, list(owners))
        blockers = {pid: set(blocking) for pid, _, blocking in rows if blocking}
        for backend, statement in call.backends.items():
            if backend not in blockers:
                continue
            holders = [one for one in others if not blockers[backend].isdisjoint(one.backends)]
            if holders:
                self._note(call, statement, holders)
                self._look_for_deadlock(blockers)
                self._locked = True
                self._waiting.add(call)
                return True
        quiet = time.monotonic() - max(begin, self._last_progress)
        is_active = any(active for pid, active, _ in rows if pid in call.backends)
        if others and not is_active and quiet > WAITS_S:
            self._note(call, None, others)
            self._judged[call] = self._last_progress
            return True
        return quiet > HANGS_S

    def _note(self, call: Call, statement: Statement | None, others: Iterable[Call]) -> None:
        wait = Wait(call.letter, statement, "".join(one.letter for one in others))
        if wait not in self._run.waits:
            self._run.waits.append(wait)

    def _look_for_deadlock(self, blockers: dict[int, set[int]]) -> None:
        """All that is waited for waits as well: PostgreSQL is going to end one of them."""
        waiting = set(blockers)
        while stuck := {pid for pid in waiting if not blockers[pid] <= waiting}:
            waiting -= stuck
        if waiting:
            self._run.deadlock = True
