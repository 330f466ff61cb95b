"""Follows the event loops that the tests run on, and keeps their debug mode cheap."""

from __future__ import annotations

import asyncio
import sys
from asyncio import constants
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any

from .anyio_loops import AnyIO
from .cases import current_case, in_wide_fixture
from .core import BrokenOff, Gate, real_time
from .debug import debug
from .foreign import Foreign, is_started_by_test
from .hangs import Stopped
from .patches import Patches

#: How many frames of its creation a coroutine remembers in debug mode (10 by default).
_ORIGIN_FRAMES = 4


class Loops:
    """Tells the gate which loops and which task run the test.

    Those are the loops that a test, a fixture or a plugin of pytest starts, and in other threads
    the portals that a test or its client opens. A loop that the application starts, as a migration
    does by `asyncio.run`, is none of the gate's business.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._patches = Patches(gate, "every loop of the tests")
        self.foreign = Foreign(gate)
        self._anyio = AnyIO(gate, self.foreign)
        self._depth = 0

    def install(self) -> None:
        loop = asyncio.BaseEventLoop
        self._patches.replace(loop, "run_forever", self._run_forever)
        self._patches.replace(loop, "run_until_complete", self._run_until_complete)
        self._patches.replace(loop, "create_task", self._create_task)
        self._patches.replace(loop, "close", self._close)
        self._patches.replace(loop, "get_debug", self._get_debug)
        self._patches.replace(constants, "DEBUG_STACK_DEPTH", lambda _: _ORIGIN_FRAMES)
        if "_ready" not in loop.__init__.__code__.co_names:
            self.gate.lacks("asyncio.BaseEventLoop._ready", "callbacks that a test leaves behind")
        self.foreign.install()
        self._anyio.install()

        # Also while the loop stands still: a plain test can forget an await, too.
        self._depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(_ORIGIN_FRAMES)

    def uninstall(self) -> None:
        sys.set_coroutine_origin_tracking_depth(self._depth)
        self._anyio.uninstall()
        self.foreign.uninstall()
        self._patches.restore()

    def _run_forever(self, original: Callable[..., None]) -> Callable[..., None]:
        gate = self.gate

        def run_forever(loop: Any) -> None:
            __tracebackhide__ = True
            if gate.phase is not None and is_started_by_test(gate, sys._getframe(1)):
                gate.loop = gate.phase.loop = loop
                gate.loops.add(loop)
                debug(loop)
            original(loop)

        return run_forever

    def _run_until_complete(self, original: Callable[..., Any]) -> Callable[..., Any]:
        gate = self.gate

        def run_until_complete(loop: Any, future: Any) -> Any:
            __tracebackhide__ = True
            caller = sys._getframe(1)
            if (
                gate.phase is None
                # It would refuse, and leave a coroutine to its caller.
                or loop.is_running()
                or loop.is_closed()
                or gate.origin(caller.f_code) == "gate"
                or not is_started_by_test(gate, caller)
            ):
                return original(loop, future)
            debug(loop)
            is_new = not asyncio.isfuture(future)
            future = asyncio.ensure_future(future, loop=loop)
            outer, gate.main_task = gate.main_task, future
            try:
                while True:
                    try:
                        return original(loop, future)
                    except SystemExit:
                        # Of another task, which leaves the test without its loop.
                        if future.done():
                            raise
            except (asyncio.CancelledError, Stopped) as error:
                if gate.phase is None or not gate.phase.stopped:
                    raise
                raise BrokenOff from error
            finally:
                gate.main_task = outer
                if not future.done():
                    gate.stranded = future
                elif is_new and not future.cancelled():
                    # As the loop does for a task that it has made: its error is seen.
                    future.exception()

        return run_until_complete

    def _create_task(self, original: Callable[..., Any]) -> Callable[..., Any]:
        gate = self.gate

        def create_task(loop: Any, coro: Any, *, context: Context | None = None, **kw: Any) -> Any:
            if context is not None:
                if gate.phase is not None and not loop.is_running():
                    # A runner for many tests has the context of the one that made it.
                    _carry_over(context)
                kw["context"] = context
            return original(loop, coro, **kw)

        return create_task

    def _close(self, original: Callable[..., None]) -> Callable[..., None]:
        gate = self.gate

        def close(loop: Any) -> None:
            if loop in gate.portals and not loop.is_running() and not loop.is_closed():
                # A closed loop drops what a thread has just asked for and now waits for. What
                # has ended the loop may do so again.
                with suppress(SystemExit):
                    run(loop, cycles(loop))
            original(loop)
            if loop.is_closed():
                gate.portals.pop(loop, None)

        return close

    def _get_debug(self, original: Callable[..., bool]) -> Callable[..., bool]:
        # asyncio itself asks only to know whether to extract a stack for each handle, future and
        # task, half the cost of debug mode; the checks that matter go by `_debug`.
        def get_debug(loop: Any) -> bool:
            return original(loop) and not sys._getframe(1).f_globals["__name__"].startswith(
                "asyncio."
            )

        return get_debug


def _carry_over(context: Context) -> None:
    """Have a context belong to the running test."""
    # It may be the one that runs now.
    with suppress(RuntimeError):
        context.run(current_case.set, current_case.get())
        context.run(in_wide_fixture.set, in_wide_fixture.get())


def run(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine of the gate's own on a loop, in real time, and wait for it."""
    # A loop whose time a test has frozen would wait forever.
    vars(loop)["time"] = real_time
    try:
        if loop.is_running():
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
        return loop.run_until_complete(coroutine)
    finally:
        del vars(loop)["time"]


async def cycles(loop: asyncio.AbstractEventLoop, most: int = 10) -> None:
    """Let callbacks and tasks that are about to end do so."""
    for _ in range(most):
        await asyncio.sleep(0)
        if not getattr(loop, "_ready", None):
            return
