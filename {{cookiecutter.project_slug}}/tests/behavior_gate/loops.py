"""Follows the event loop that runs the tests, and keeps its debug mode cheap."""

from __future__ import annotations

import asyncio
import sys
import threading
from asyncio import constants
from collections.abc import Callable
from typing import Any

from .core import BrokenOff, Gate
from .patches import Patches
from .watchdog import Stopped

#: How many frames of its creation a coroutine remembers in debug mode (10 by default).
_ORIGIN_FRAMES = 4


class Loops:
    """Tells the gate which loop and which task run the test.

    Only loops in debug mode on the thread of the tests count, as pytest-asyncio makes them: one
    that a migration starts by `asyncio.run` is none of the gate's business.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._patches = Patches()
        self._depth = 0

    def install(self) -> None:
        loop = asyncio.BaseEventLoop
        self._patches.replace(loop, "run_forever", self._run_forever)
        self._patches.replace(loop, "run_until_complete", self._run_until_complete)
        self._patches.replace(loop, "get_debug", self._get_debug)
        self._patches.replace(constants, "DEBUG_STACK_DEPTH", lambda _: _ORIGIN_FRAMES)

        # Also while the loop stands still: a plain test can forget an await, too.
        self._depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(_ORIGIN_FRAMES)

    def uninstall(self) -> None:
        sys.set_coroutine_origin_tracking_depth(self._depth)
        self._patches.restore()

    def _run_forever(self, original: Callable[..., None]) -> Callable[..., None]:
        gate = self.gate

        def run_forever(loop: Any) -> None:
            if gate.phase is not None and loop._debug and threading.get_ident() == gate.thread:
                gate.loop = gate.phase.loop = loop
            original(loop)

        return run_forever

    def _run_until_complete(self, original: Callable[..., Any]) -> Callable[..., Any]:
        gate = self.gate

        def run_until_complete(loop: Any, future: Any) -> Any:
            if (
                gate.phase is None
                or not loop._debug
                or not asyncio.isfuture(future)
                or threading.get_ident() != gate.thread
            ):
                return original(loop, future)
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

        return run_until_complete

    def _get_debug(self, original: Callable[..., bool]) -> Callable[..., bool]:
        # asyncio itself asks only to know whether to extract a stack for each handle, future and
        # task, half the cost of debug mode; the checks that matter go by `_debug`.
        def get_debug(loop: Any) -> bool:
            return original(loop) and not sys._getframe(1).f_globals["__name__"].startswith(
                "asyncio."
            )

        return get_debug


async def cycles(loop: asyncio.AbstractEventLoop, most: int = 10) -> None:
    """Let callbacks and tasks that are about to end do so."""
    for _ in range(most):
        await asyncio.sleep(0)
        if not getattr(loop, "_ready", None):
            return
