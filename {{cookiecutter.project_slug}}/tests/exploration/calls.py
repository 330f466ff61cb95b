"""A call in one run: its task, and the statements before which it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from typing import Any, Protocol

from sqlalchemy import Connection

from .lines import Lines
from .outcomes import HANGS, Ending, ending_of
from .statements import Statement, Writers, backend_of, one_line, watcher

Function = Callable[[], Awaitable[Any]]


class Turns(Protocol):
    """Whoever says which call may go on."""

    lines: Lines

    @property
    def is_settled(self) -> bool: ...
    def has_turn(self, call: Call) -> bool: ...
    def passed(self, statement: Statement) -> None: ...
    def changed(self) -> None: ...
    def deadlocked(self) -> None: ...
    def ended(self, task: object) -> None: ...
    def claim_tasks(self, call: Call) -> None: ...
    def give_task(self, task: asyncio.Task[Any] | None, call: Call) -> None: ...


class Call:
    """A call in one run."""

    def __init__(self, letter: str, turns: Turns) -> None:
        self.letter = letter
        self.loop = asyncio.get_running_loop()
        self.task: asyncio.Task[Ending] | None = None
        self.is_over = False
        #: The tasks that it has started, and does not end before them.
        self.tasks: set[asyncio.Task[Any]] = set()
        self.begun = 0
        #: The number of the statement before which it has to stand.
        self.stop: int | None = None
        #: The statements that it stands before.
        self.standing: dict[int, asyncio.Future[None]] = {}
        #: Whether the statement that it has come to last may change or lock something.
        self.next_writes = False
        #: The processes of the server that have worked for it last, and their statements.
        self.backends: dict[int | None, Statement] = {}
        self._writers = Writers()
        #: The run is over: what is left of the call goes on as it likes.
        self.is_free = False
        self._turns = turns

    @property
    def is_done(self) -> bool:
        """Whether it has returned, and what it has left running has ended as well."""
        return self.is_over and not self.standing and all(task.done() for task in self.tasks)

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
        self.task.add_done_callback(self._has_ended)

    def _has_ended(self, _: object) -> None:
        self._turns.claim_tasks(self)
        self.is_over = True
        for task in self.tasks:
            task.add_done_callback(self._turns.ended)
        self._turns.changed()

    def noted(
        self, text: str, driver: Any, connection: Connection | None = None
    ) -> Coroutine[Any, Any, None]:
        self.begun += 1
        # A thread has none.
        task = asyncio.current_task() if asyncio._get_running_loop() else None
        if task not in {None, self.task}:
            self._turns.give_task(task, self)
        backend = backend_of(driver)
        writes = self._writers.writes(text, backend)
        # What a task of SQLAlchemy sends is asked for where the call waits.
        lines = self._turns.lines
        line = lines.current(None if connection else driver) or self.waits_at(lines)
        statement = Statement(self.letter, self.begun, one_line(text), line, backend, writes)
        return self._wait_before(statement)

    def deadlocked(self) -> None:
        if not self.is_free:
            self._turns.deadlocked()

    async def _wait_before(self, statement: Statement) -> None:
        self.next_writes = statement.writes
        if not self.may_pass(statement.number):
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
        return any(map(self._is_before_its_stop, self.standing))

    def _is_before_its_stop(self, number: int) -> bool:
        return self._turns.has_turn(self) and (self.stop is None or number < self.stop)

    def let_go(self) -> None:
        """Let it go on from where it stands, as far as it may."""
        for number, standing in list(self.standing.items()):
            if self.may_pass(number) and not standing.done():
                del self.standing[number]
                standing.set_result(None)
                self._turns.changed()
