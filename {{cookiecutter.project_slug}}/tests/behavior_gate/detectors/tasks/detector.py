"""A task that outlives its test, an exception that nobody saw, a swallowed cancellation."""

from __future__ import annotations

import asyncio
import sys
import weakref
from asyncio import runners
from asyncio import tasks as asyncio_tasks
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from ... import rules
from ...awaiting import waits_at
from ...callers import Caller, find_caller, owner
from ...cases import in_wide_fixture
from ...core import Detector, Finding, Gate, Phase
from ...errors import BlockingError
from ...loops import cycles, run
from ...patches import Patches
from ...where import Location
from .ending import close
from .lasting import lasts, used_by
from .left_behind import LeftBehind
from .timeouts import Timeouts

#: How long a cancelled task may take to end.
_GRACE_S = 1.0
#: How long a task of a library may take to end by itself.
_PATIENCE_S = 0.1

#: What ends the work of an object, if it has it.
_ENDINGS = (
    *("__aexit__", "aclose", "cancel", "close", "disconnect", "dispose", "join", "shutdown"),
    *("stop", "terminate"),
)

_UNSEEN = (
    "Exception in callback",
    "Task exception was never retrieved",
    "Future exception was never retrieved",
    "Unhandled exception in",
)


@dataclass(slots=True)
class Birth:
    """Where a task was created, and whether it may outlive the test."""

    where: Location | None
    wide: bool
    #: No line of the user can end it: it is the affair of the library that has started it.
    endless: bool
    #: The object of a library that a line of the user has used, which began the task by itself.
    used: weakref.ref[Any] | None = None
    #: It was found, and goes on as it would without the gate.
    spared: bool = False


class TasksDetector(Detector):
    """Keeps every task that is created during a test, and judges what became of it."""

    name = "tasks"

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._patches = Patches(gate, "tasks")
        self._timeouts = Timeouts(gate)
        self._left_behind = LeftBehind(gate)
        self._births: dict[asyncio.Task[Any], Birth] = {}
        #: The test has been stopped: what its tasks left behind is no news.
        self._stopped = False
        self._abandoned: WeakSet[asyncio.Task[Any]] = WeakSet()

    def install(self) -> None:
        loop = asyncio.BaseEventLoop
        self._patches.replace(loop, "create_task", self._create_task)
        self._patches.replace(loop, "call_exception_handler", self._call_exception_handler)
        self._patches.replace(loop, "close", self._before_end)
        self._patches.replace(runners, "_cancel_all_tasks", self._before_end)
        self._timeouts.install()
        self._left_behind.install()

    def uninstall(self) -> None:
        self._left_behind.uninstall()
        self._timeouts.uninstall()
        self._patches.restore()
        self._births.clear()

    def begin(self, phase: Phase) -> None:
        self._stopped = self._stopped and phase.when != "setup"

    def end(self, phase: Phase) -> None:
        self._stopped = self._stopped or phase.stopped
        loops, main = self._loops(phase), self.gate.stranded
        if isinstance(main, asyncio.Task):
            self.gate.stranded = None
            self._abandon(main)
        for loop in loops:
            if getattr(loop, "_ready", None) or self._pending(loop):
                run(loop, cycles(loop))
        for task in [task for task in list(self._births) if task.done()]:
            self._judge_done(task, self._births.pop(task))
        if phase.when == "teardown":
            for loop in loops:
                self._end_pending(loop, self._pending(loop))
            for portal in list(self.gate.portals):
                # What no line of the user has begun there, the client ends when it is closed.
                pending = self._pending(portal)
                self._end_pending(portal, [t for t in pending if self._births[t].where])
            self._left_behind.judge(self._loops(phase), silently=self._stopped)

    def _loops(self, phase: Phase) -> list[asyncio.AbstractEventLoop]:
        """The loops of the tests that stand still, that of the phase last."""
        loops = [x for x in self.gate.loops if not (x.is_closed() or x.is_running())]
        return sorted(loops, key=lambda loop: loop is phase.loop)

    def _create_task(self, original: Callable[..., Any]) -> Callable[..., Any]:
        gate, births = self.gate, self._births

        def create_task(loop: Any, coro: Any, **kwargs: Any) -> Any:
            task = original(loop, coro, **kwargs)
            # A task that is created while the loop stands still is that of a test or a fixture.
            if (
                gate.phase is not None
                and gate.is_watched(loop)
                and asyncio._get_running_loop() is loop
            ):
                frame = sys._getframe(1)
                caller = find_caller(gate, frame)
                used = used_by(gate, frame) if caller and caller.third_party else None
                births[task] = Birth(
                    gate.locate(frame), in_wide_fixture.get(), not _can_be_ended(caller), used
                )
            return task

        return create_task

    def _call_exception_handler(self, original: Callable[..., None]) -> Callable[..., None]:
        def call_exception_handler(loop: Any, context: dict[str, Any]) -> None:
            if context.get("task", context.get("future")) in self._abandoned:
                return
            if self.gate.is_watched(loop) and self.gate.phase is not None:
                self._judge_context(context)
            original(loop, context)

        return call_exception_handler

    def _before_end(self, original: Callable[..., None]) -> Callable[..., None]:
        # A runner waits forever for a task that swallows its cancellation, and who closes a loop
        # by hand leaves its tasks behind: see to those first.
        def before_end(loop: asyncio.AbstractEventLoop) -> None:
            if self.gate.is_watched(loop) and not loop.is_running() and not loop.is_closed():
                self._end_pending(loop, self._pending(loop))
                births = {task: self._births[task] for task in self._unfinished(loop)}
                stubborn = run(loop, self._end(list(births))) if births else set()
                for task in stubborn:
                    if births[task].spared:
                        self._report_stubborn(task, births[task])
                self._left_behind.judge_closing(loop, silently=self._stopped)
            original(loop)

        return before_end

    def _unfinished(self, loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
        return [task for task in list(self._births) if not task.done() and task.get_loop() is loop]

    def _pending(self, loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
        return [
            task for task in self._unfinished(loop) if not self._may_stay(task, self._births[task])
        ]

    def _may_stay(self, task: asyncio.Task[Any], birth: Birth) -> bool:
        if birth.wide or birth.spared:
            return True
        is_librarys = birth.endless or self._is_begun_once(task, birth)
        return is_librarys and waits_at(self.gate, task)[0] is None

    def _is_begun_once(self, task: asyncio.Task[Any], birth: Birth) -> bool:
        """Whether it is the only such task of an object that lasts and has begun it by itself."""
        thing = birth.used and birth.used()
        alike = [
            other
            for other, born in self._births.items()
            if born.used and born.used() is thing and _code(other) is _code(task)
        ]
        return thing is not None and alike == [task] and lasts(thing)

    def _judge_done(self, task: asyncio.Task[Any], birth: Birth) -> None:
        if task.cancelled() or not task._log_traceback:
            return
        error = task.exception()
        if error is None or isinstance(error, BlockingError):
            return
        if not birth.endless or self.gate.locate_traceback(error.__traceback__) is not None:
            self._report_error(f"{_describe(task)} failed and nobody saw it", error)

    def _judge_context(self, context: dict[str, Any]) -> None:
        message, error = context.get("message", ""), context.get("exception")
        if error is None or isinstance(error, BlockingError) or not message.startswith(_UNSEEN):
            return
        if self.gate.locate_traceback(error.__traceback__) is not None:
            what = "a callback of the event loop failed" if "callback" in message else message
            self._report_error(what, error)

    def _report_error(self, what: str, error: BaseException) -> None:
        self.gate.report(
            rules.UNSEEN_EXCEPTION,
            what=f"{what}: {type(error).__name__}: {error}".removesuffix(": "),
            where=self.gate.locate_traceback(error.__traceback__),
        )

    def _end_pending(
        self, loop: asyncio.AbstractEventLoop, pending: list[asyncio.Task[Any]]
    ) -> None:
        # A portal often closes before the test sees the response: its tasks have had no time.
        may_end = [
            task for task in pending if loop in self.gate.portals or not self._is_users(task)
        ]
        if may_end:
            run(loop, asyncio.wait(may_end, timeout=_PATIENCE_S))
        pending = [task for task in pending if not task.done() and not self._spares(task)]
        births = {task: self._births[task] for task in pending}
        stubborn = run(loop, self._end(pending)) if pending else set()
        if self._stopped:
            return
        for task, birth in births.items():
            if task in stubborn:
                self._report_stubborn(task, birth)
            else:
                self.gate.report(rules.LEAKED_TASK, what=_leak(task), where=birth.where)

    def _report_stubborn(self, task: asyncio.Task[Any], birth: Birth) -> None:
        self.gate.report(
            rules.SWALLOWED_CANCELLATION,
            what=f"{_leak(task)}, and swallowed its cancellation: it had to be abandoned",
            where=birth.where,
        )

    def _spares(self, task: asyncio.Task[Any]) -> bool:
        """Report a task that is not to be ended, as its leak does not fail the test."""
        birth = self._births[task]
        leak = Finding(rules.LEAKED_TASK, _leak(task), birth.where)
        birth.spared = not self._stopped and not self.gate.fails(leak)
        if birth.spared:
            self.gate.report(leak.rule, what=leak.what, where=leak.where)
        return birth.spared

    async def _end(self, pending: list[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
        """Cancel tasks and wait for them. Returns those that would not end, now disowned."""
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_GRACE_S)
        stubborn = {task for task in pending if not task.done()}
        for task in pending:
            self._births.pop(task, None)
            if task in stubborn:
                self._abandon(task)
            elif not task.cancelled():
                task.exception()
        return stubborn

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.add(task)
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        asyncio_tasks._unregister_task(task)
        # What it waits for must not wake it again.
        waiter: Any = getattr(task, "_fut_waiter", None)
        for callback, _ in getattr(waiter, "_callbacks", None) or ():
            waiter.remove_done_callback(callback)
        close(task.get_coro(), task.get_loop())

    def _is_users(self, task: asyncio.Task[Any]) -> bool:
        code = _code(task)
        return code is not None and self.gate.origin(code) in ("application", "test")


def _code(task: asyncio.Task[Any]) -> Any:
    return getattr(task.get_coro(), "cr_code", None)


def _leak(task: asyncio.Task[Any]) -> str:
    return f"{_describe(task)} was still running when the test was over"


def _can_be_ended(caller: Caller | None) -> bool:
    """Whether the user has called what started a task, and can call what ends it again."""
    if caller is None or caller.library is None:
        return caller is not None
    thing = owner(caller.library)
    return thing is None or any(hasattr(thing, name) for name in _ENDINGS)


def _describe(task: asyncio.Task[Any]) -> str:
    function = getattr(task.get_coro(), "__qualname__", "?").replace(".<locals>", "")
    name = task.get_name()
    return f"task {function}()" if name.startswith("Task-") else f"task {name!r} ({function})"
