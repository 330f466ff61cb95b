"""The loops of anyio: that of its pytest plugin, and the portals in other threads."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from .cases import current_case, in_wide_fixture
from .core import BrokenOff, Gate, Portal
from .debug import debug
from .foreign import Foreign
from .hangs import Stopped
from .on_import import OnImport
from .patches import Patches
from .threads import frames_of
from .where import is_python


class AnyIO:
    """Tells the gate of portals, and of the task that anyio's plugin runs its tests in."""

    def __init__(self, gate: Gate, foreign: Foreign) -> None:
        self.gate = gate
        self._foreign = foreign
        self._patches = Patches(gate, "the loops of anyio")
        modules = ("anyio.from_thread", "anyio._backends._asyncio")
        self._on_import = OnImport(modules, self._watch_module)
        self._start: CodeType | None = None

    def install(self) -> None:
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()

    def _watch_module(self, module: str) -> None:
        owner = sys.modules[module]
        if module == "anyio.from_thread":
            # A client may have imported the function that starts one before.
            start = getattr(owner, "start_blocking_portal", None)
            if start is None:
                self.gate.lacks(f"{module}.start_blocking_portal", "the loops of anyio")
            else:
                self._start = inspect.unwrap(start).__code__
            self._patches.replace(owner.BlockingPortal, "__aenter__", self._enter_portal)
        else:
            runner = owner.TestRunner
            self._patches.replace(runner, "_call_in_runner_task", self._call_in_runner_task)

    def _call_in_runner_task(self, original: Callable[..., Any]) -> Callable[..., Any]:
        # One task runs all tests and fixtures of a runner; the loop is told to run another one,
        # which waits for it.
        gate = self.gate

        def call_in_runner_task(
            runner: Any, func: Callable[..., Any], *args: Any, **kw: Any
        ) -> Any:
            case, is_wide = current_case.get(), in_wide_fixture.get()

            async def call(*args: Any, **kwargs: Any) -> Any:
                __tracebackhide__ = True
                current_case.set(case)
                in_wide_fixture.set(is_wide)
                task = asyncio.current_task()
                if gate.main_task is not None:
                    gate.main_task = task
                try:
                    return await func(*args, **kwargs)
                except (asyncio.CancelledError, Stopped) as error:
                    if task is None or gate.phase is None or not gate.phase.stopped:
                        raise
                    # The task goes on to the teardown of the fixtures.
                    task.uncancel()
                    raise BrokenOff from error

            return original(runner, call, *args, **kw)

        return call_in_runner_task

    def _enter_portal(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def enter(portal: Any) -> Any:
            opened = await original(portal)
            caller = self._find_opener()
            # What the application itself opens holds up nobody but those who wait for it.
            if caller is not None and self.gate.origin(caller.f_code) != "application":
                self._watch_loop(caller)
            return opened

        return enter

    def _find_opener(self) -> FrameType | None:
        """Where the thread of the tests waits for the portal that starts in this one."""
        if threading.get_ident() == self.gate.thread:
            return None
        frames = frames_of(self.gate.thread)
        start = next((frame for frame in frames if frame.f_code is self._start), None)
        callers = (frame for frame in frames if not is_python(frame.f_code.co_filename))
        return next(callers, None) if start is not None else None

    def _watch_loop(self, caller: FrameType) -> None:
        loop = asyncio._get_running_loop()
        if isinstance(loop, asyncio.BaseEventLoop):
            debug(loop)
            own_tasks = frozenset(asyncio.all_tasks(loop))
            self.gate.portals[loop] = Portal(threading.get_ident(), own_tasks)
        else:
            name = "trio" if loop is None else type(loop).__module__.partition(".")[0]
            self._foreign.note(name, caller)
