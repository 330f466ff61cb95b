"""Every moment at which a call waits, and its cancellation at one of them."""

from __future__ import annotations

import asyncio
from asyncio import events
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import wraps
from threading import Event
from typing import Any

#: Seconds that a call may wait for one thing, and for all that it waits for.
LIMIT_S, TOTAL_S = 5.0, 30.0
#: Seconds that what a call has started may take after it.
GRACE_S = 1.0
#: Seconds that a thread may take to begin.
BEGIN_S = 0.5

Call = Callable[[], Awaitable[Any]]

_current: ContextVar[Suspensions | None] = ContextVar("suspensions", default=None)


class InThread:
    """Work for a thread."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self.begun, self.done = Event(), Event()
        self._work = work

    def __call__(self, *arguments: Any) -> Any:
        self.begun.set()
        try:
            return self._work(*arguments)
        finally:
            self.done.set()


class Suspensions:
    """Runs a call in a task, and notes each moment at which it, or a task that it starts, waits.

    There the event loop may do something else, such as to cancel the call: a client disconnects, or
    a timeout passes. The same number is the same moment in each run, unless tasks of the call wait
    for the network at the same time.
    """

    def __init__(
        self,
        locate: Callable[[Any], str],
        *,
        cancel_at: int | None = None,
        endless: Collection[str] = (),
    ) -> None:
        """Prepare one run.

        Args:
            locate: Tells where a coroutine waits.
            cancel_at: The number of the moment at which to cancel the call, from 1.
            endless: The names of tasks that are not waited for when the call is over.
        """
        #: Where the call has waited.
        self.places: list[str] = []
        self.was_cancelled = False
        #: The call has not ended in time.
        self.hangs = False
        #: The names of the tasks that the call has not ended, and where each waited.
        self.left: list[tuple[str, str]] = []
        self._locate = locate
        self._cancel_at = cancel_at
        self._endless = endless
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._threads: list[InThread] = []

    async def run(self, call: Call) -> asyncio.Task[Any]:
        """Run the call, and return its task. What it leaves running is cancelled.

        Raises:
            TypeError: The event loop is not one of asyncio.
        """
        loop = asyncio.get_running_loop()
        if not isinstance(loop, asyncio.BaseEventLoop):
            raise TypeError(f"Interruptions need an event loop of asyncio, not {type(loop)}.")
        context = copy_context()
        context.run(_current.set, self)
        self.root = loop.create_task(_awaited(call), context=context)
        self._tasks[self.root] = None
        with self._watching(loop):
            try:
                self.hangs = await self._hangs(loop.time() + TOTAL_S)
                ending = [one for one in self._running() if _name(one) not in self._endless]
                if ending and not self.hangs:
                    await asyncio.wait(ending, timeout=GRACE_S)
                self.left = [(_name(task), self._where(task)) for task in self._running()]
            finally:
                for task in (running := self._running()):
                    task.cancel()
                if running:
                    await asyncio.wait(running, timeout=GRACE_S)
        return self.root

    def threads_are_done(self) -> bool:
        """Whether what the call has given to threads is done: it goes on without the call."""
        return all(one.done.is_set() for one in self._threads if one.begun.is_set())

    async def _hangs(self, end: float) -> bool:
        loop, before, since = self.root.get_loop(), -1, 0.0
        while not self.root.done():
            if len(self.places) > before:
                before, since = len(self.places), loop.time()
            if loop.time() > min(since + LIMIT_S, end):
                return True
            await asyncio.wait([self.root], timeout=LIMIT_S / 20)
        return False

    def _running(self) -> list[asyncio.Task[Any]]:
        return [task for task in self._tasks if not task.done()]

    def _where(self, task: asyncio.Task[Any]) -> str:
        return self._locate(task.get_coro())

    @contextmanager
    def _watching(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        original = events.Handle._run

        @wraps(original)
        def run(handle: events.Handle) -> None:
            original(handle)
            # A step of a task, and what wakes it, are bound to the task.
            bound: Any = handle
            task = getattr(bound._callback, "__self__", None)
            if (
                isinstance(task, asyncio.Task)
                and bound._loop is loop
                and bound._context.get(_current) is self
            ):
                self._has_run(task)

        submit = asyncio.BaseEventLoop.run_in_executor

        @wraps(submit)
        def run_in_executor(
            on: asyncio.BaseEventLoop, executor: Any, work: Callable[..., Any], *arguments: Any
        ) -> Any:
            if _current.get() is self:
                work = InThread(work)
                self._threads.append(work)
            return submit(on, executor, work, *arguments)

        events.Handle._run = run  # type: ignore[assignment, method-assign]
        asyncio.BaseEventLoop.run_in_executor = run_in_executor  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            asyncio.BaseEventLoop.run_in_executor = submit  # type: ignore[method-assign]
            events.Handle._run = original  # type: ignore[method-assign]

    def _has_run(self, task: asyncio.Task[Any]) -> None:
        self._tasks[task] = None
        if task.done() or self.root.done():
            return
        self.places.append(self._where(task))
        if len(self.places) == self._cancel_at:
            self.was_cancelled = True
            for one in self._threads:
                # Only what a thread has begun goes on when its call is cancelled.
                one.begun.wait(BEGIN_S)
            self.root.cancel()


async def _awaited(call: Call) -> Any:
    return await call()


def _name(task: asyncio.Task[Any]) -> str:
    name: str = getattr(task.get_coro(), "__qualname__", task.get_name())
    return name.rpartition("<locals>.")[2]
