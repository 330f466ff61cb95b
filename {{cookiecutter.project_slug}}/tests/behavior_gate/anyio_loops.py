"""The loops of anyio: that of its pytest plugin, and the portals in other threads."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .core import BrokenOff, Gate, Portal, current_case, in_wide_fixture
from .debug import debug
from .foreign import Foreign
from .hangs import Stopped
from .on_import import OnImport
from .patches import Patches


class AnyIO:
    """Tells the gate of portals, and of the task that anyio's plugin runs its tests in."""

    def __init__(self, gate: Gate, foreign: Foreign) -> None:
        self.gate = gate
        self._foreign = foreign
        self._patches = Patches(gate, "the loops of anyio")
        modules = ("anyio.from_thread", "anyio._backends._asyncio")
        self._on_import = OnImport(modules, self._watch_module)

    def install(self) -> None:
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()

    def _watch_module(self, module: str) -> None:
        owner = sys.modules[module]
        if module == "anyio.from_thread":
            self._patches.replace(owner, "start_blocking_portal", self._start_portal)
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

    def _start_portal(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def start_blocking_portal(
            backend: str = "asyncio",
            backend_options: dict[str, Any] | None = None,
            **options: Any,
        ) -> Any:
            # What the application itself opens holds up nobody but those who wait for it.
            caller = sys._getframe(1)
            if self.gate.origin(caller.f_code) == "application":
                return original(backend, backend_options, **options)
            if backend != "asyncio":
                self._foreign.note(backend, caller)
                return original(backend, backend_options, **options)
            return self._watched(original(backend, backend_options, **options))

        return start_blocking_portal

    @contextmanager
    def _watched(self, opening: AbstractContextManager[Any]) -> Iterator[Any]:
        gate, caller = self.gate, sys._getframe(2)

        def enter() -> asyncio.AbstractEventLoop:
            loop = asyncio.get_running_loop()
            if isinstance(loop, asyncio.BaseEventLoop):
                own_tasks = frozenset(asyncio.all_tasks())
                gate.portals[loop] = Portal(threading.get_ident(), own_tasks)
                debug(loop)
            return loop

        loop: asyncio.AbstractEventLoop | None = None
        try:
            with opening as portal:
                loop = portal.call(enter)
                if loop not in gate.portals:
                    self._foreign.note(type(loop).__module__.partition(".")[0], caller)
                yield portal
        finally:
            if loop in gate.portals:
                del gate.portals[loop]
