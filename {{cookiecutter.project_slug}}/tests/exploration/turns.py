"""Runs calls by a schedule: one goes on, the others stand before their next statement."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from .calls import Call, Function
from .lines import Lines
from .runs import Run, Wait
from .schedules import LETTERS, Schedule
from .statements import Statement

#: Seconds after which the server is asked whether the call that has the turn waits for a lock.
#: The next time it is asked after twice as many, up to so many.
ASK_S = 0.005
ASK_AGAIN_S = 0.1
#: Seconds without progress, and in no statement, after which a call is taken to wait for another.
WAITS_S = 1.0
#: Seconds without progress of any call, after which they hang. PostgreSQL looks for deadlocks
#: after one second, if it is not told otherwise.
HANGS_S = 3.0
#: In a deadlock, seconds by which one call waits before another one can come to wait as well.
#: PostgreSQL ends the one that has waited longer, so that this tells them apart on a busy machine.
GAP_S = 0.15

BLOCKERS = (
    "SELECT pid, state = 'active', pg_blocking_pids(pid) FROM pg_stat_activity"
    " WHERE pid = ANY ($1::int[])"
)


class Server(Protocol):
    """Where it is asked who waits for whom."""

    async def fetch(self, query: str, *arguments: Any) -> list[Any]: ...


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
        #: The tasks that were there before, or belong to a call.
        self._known: set[asyncio.Task[Any]] = set()
        #: The calls that waited in no statement, and the time of the last progress before.
        self._judged: dict[Call, float] = {}
        #: The calls that wait for locks, and whether the server has been asked since the last
        #: statement.
        self._waiting: set[Call] = set()
        self._waiting_since = 0.0
        self._was_asked = False
        self._gap_s = 0.0

    @property
    def is_settled(self) -> bool:
        """Whether the calls that have waited for a lock still do, or stand where they went on to.

        A statement may end the wait of another call, as ROLLBACK TO SAVEPOINT does. Whatever comes
        next in the call that has the turn would compete with it.
        """
        return not self._waiting or self._was_asked

    def has_turn(self, call: Call) -> bool:
        return self._now is call

    def passed(self, statement: Statement) -> None:
        self._run.statements.append(statement)
        self._was_asked = False
        # A pool may have handed the connection from one call to another.
        for letter, call in self._calls.items():
            call.backends.pop(statement.backend, None)
            if letter == statement.letter:
                call.backends[statement.backend] = statement
        self.changed()

    def deadlocked(self) -> None:
        """Note one that PostgreSQL has ended at once: a call wants more of a lock that it holds."""
        self._run.deadlock = True

    def ended(self, _: object) -> None:
        self.changed()

    def claim_tasks(self, call: Call) -> None:
        """Take the tasks that are new for those of the call that has had the turn."""
        roots = {one.task for one in self._calls.values()}
        new = asyncio.all_tasks() - self._known
        self._known |= new
        call.tasks |= new - roots

    def give_task(self, task: asyncio.Task[Any] | None, call: Call) -> None:
        """Take a task that has come to a statement for one of its call."""
        if task is not None and not call.is_free:
            for one in self._calls.values():
                one.tasks.discard(task)
            call.tasks.add(task)
            # Or the call that has the turn would take it for its own.
            self._known.add(task)
            task.add_done_callback(self.ended)

    def changed(self) -> None:
        self._last_progress = time.monotonic()
        self._change.set()

    async def run(self, schedule: Schedule, *, gap_s: float = 0.0) -> Run:
        """Run the calls of a schedule. Afterwards none of them is running.

        Args:
            gap_s: Seconds that lie at least between the moments at which two calls come to wait.
        """
        self._gap_s = gap_s
        begin = self._last_progress = time.monotonic()
        run = self._run = Run(schedule)
        calls = self._calls = {letter: Call(letter, self) for letter in run.letters}
        self._judged.clear()
        self._waiting.clear()
        self._known = asyncio.all_tasks()
        try:
            for turn in schedule.turns:
                await self._advance(calls[turn.letter], turn.stop)
                run.begun.append({letter: call.begun for letter, call in calls.items()})
                if turn.stop and calls[turn.letter].is_done:
                    run.missed = run.missed or turn
            order = [calls[turn.letter] for turn in schedule.turns if not turn.stop]
            await self._finish(order)
        finally:
            self._now = None
            await self._end()
        run.endings = tuple(call.ending() for call in calls.values())
        run.seconds = time.monotonic() - begin
        return run

    async def _finish(self, calls: Sequence[Call]) -> None:
        """Let those go on that had to wait, until all are done or none goes on."""
        while waiting := [call for call in calls if not call.is_done]:
            before = self._last_progress
            for call in waiting:
                await self._advance(call, None)
            if self._last_progress != before:
                continue
            self._run.hangs = {call.letter: call.waits_at(self.lines) for call in waiting}
            return

    async def _end(self) -> None:
        """Cancel the calls that are not done, and what they have left behind goes on freely."""
        cancelled = [call.task for call in self._calls.values() if call.task and call.task.cancel()]
        for call in self._calls.values():
            call.is_free = True
            call.let_go()
        if cancelled:
            await asyncio.wait(cancelled, timeout=WAITS_S)

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
            while call.stands_for_others or not (call.standing or call.is_done):
                if call.standing:
                    await self._settle(call)
                    call.let_go()
                    continue
                pause = min(max(ASK_S, self._quiet_since(begin)), ASK_AGAIN_S)
                if await self._is_quiet_for(pause) and await self._waits(call, begin):
                    return
        finally:
            self._now = None
            self.claim_tasks(call)

    async def _settle(self, call: Call) -> None:
        """Wait for the statements of other calls that no longer wait for a lock."""
        begin = time.monotonic()
        pids = [pid for one in self._waiting for pid in one.backends]
        rows = await self._server.fetch(BLOCKERS, pids)
        while any(is_active and not blocking for _, is_active, blocking in rows):
            if time.monotonic() - begin > HANGS_S:
                break
            await self._is_quiet_for(ASK_S)
            rows = await self._server.fetch(BLOCKERS, pids)
        blocked = {pid for pid, _, blocking in rows if blocking}
        self._waiting = {one for one in self._waiting if not blocked.isdisjoint(one.backends)}
        self._was_asked = True
        gap = self._waiting_since + self._gap_s - time.monotonic()
        if self._waiting and call.next_writes and gap > 0:
            await asyncio.sleep(gap)

    def _quiet_since(self, begin: float) -> float:
        return time.monotonic() - max(begin, self._last_progress)

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
                self._waiting.add(call)
                self._waiting_since = time.monotonic()
                if is_deadlock(blockers):
                    await self._outlast_deadlock()
                return True
        quiet = self._quiet_since(begin)
        is_active = any(active for pid, active, _ in rows if pid in call.backends)
        if call.is_over and not is_active and quiet > WAITS_S:
            # It has left a task running that goes on for ever.
            call.tasks.clear()
            return True
        if others and not is_active and quiet > WAITS_S:
            self._note(call, None, others)
            self._judged[call] = self._last_progress
            return True
        if quiet <= HANGS_S:
            return False
        for backend, statement in call.backends.items():
            if holders := [owners[pid] for pid in blockers.get(backend, ()) if pid in owners]:
                self._note(call, statement, holders, for_ever=True)
        self._judged[call] = self._last_progress
        return True

    def _note(
        self,
        call: Call,
        statement: Statement | None,
        others: Iterable[Call],
        *,
        for_ever: bool = False,
    ) -> None:
        letters = "".join(sorted({one.letter for one in others}))
        wait = Wait(call.letter, statement, letters, for_ever=for_ever)
        if wait not in self._run.waits:
            self._run.waits.append(wait)

    async def _outlast_deadlock(self) -> None:
        """Wait until PostgreSQL has ended one of those that wait for each other.

        It ends the one that has waited for a second: see `GAP_S`. Nobody has the turn until then.
        """
        self._run.deadlock, self._now = True, None
        begin = time.monotonic()
        pids = [pid for call in self._calls.values() for pid in call.backends]
        while time.monotonic() - begin < HANGS_S:
            rows = await self._server.fetch(BLOCKERS, pids)
            goes_on = any(is_active and not blocking for _, is_active, blocking in rows)
            if not goes_on and not is_deadlock({pid: {*blocking} for pid, _, blocking in rows}):
                return
            await self._is_quiet_for(ASK_S)


def is_deadlock(blockers: Mapping[int, Collection[int]]) -> bool:
    """Whether processes of the server wait for each other, by what each waits for."""
    waiting = {pid for pid, blocking in blockers.items() if blocking}
    while stuck := {pid for pid in waiting if not waiting.issuperset(blockers[pid])}:
        waiting -= stuck
    return bool(waiting)
