"""Follows the event loops that the tests run on, and keeps their debug mode cheap."""

from __future__ import annotations

import asyncio
import sys
import threading
from asyncio import constants
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .core import BrokenOff, Gate, Portal, real_time
from .hangs import Stopped
from .on_import import OnImport
from .patches import Patches

#: How many frames of its creation a coroutine remembers in debug mode (10 by default).
_ORIGIN_FRAMES = 4


class Loops:
    """Tells the gate which loops and which task run the test.

    Those are the loops in debug mode on the thread of the tests, as pytest-asyncio makes them, and
    in other threads the portals that a test or its client opens. A loop that a migration starts by
    `asyncio.run` is none of the gate's business.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._patches = Patches(gate.blind, "every loop of the tests")
        self._portals = OnImport(("anyio.from_thread",), self._watch_portals)
        self._depth = 0

    def install(self) -> None:
        loop = asyncio.BaseEventLoop
        self._patches.replace(loop, "run_forever", self._run_forever)
        self._patches.replace(loop, "run_until_complete", self._run_until_complete)
        self._patches.replace(loop, "get_debug", self._get_debug)
        self._patches.replace(constants, "DEBUG_STACK_DEPTH", lambda _: _ORIGIN_FRAMES)
        self._portals.install()

        # Also while the loop stands still: a plain test can forget an await, too.
        self._depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(_ORIGIN_FRAMES)

    def uninstall(self) -> None:
        sys.set_coroutine_origin_tracking_depth(self._depth)
        self._portals.uninstall()
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

    def _watch_portals(self, module: str) -> None:
        self._patches.replace(sys.modules[module], "start_blocking_portal", self._start_portal)

    def _start_portal(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def start_blocking_portal(
            backend: str = "asyncio",
            backend_options: dict[str, Any] | None = None,
            **options: Any,
        ) -> Any:
            # What the application itself opens holds up nobody but those who wait for it.
            caller = self.gate.origin(sys._getframe(1).f_code)
            if backend != "asyncio" or caller == "application":
                return original(backend, backend_options, **options)
            debugged = {"debug": True} | (backend_options or {})
            return self._watched(original(backend, debugged, **options))

        return start_blocking_portal

    @contextmanager
    def _watched(self, opening: AbstractContextManager[Any]) -> Iterator[Any]:
        portals = self.gate.portals

        def enter() -> asyncio.AbstractEventLoop:
            loop = asyncio.get_running_loop()
            portals[loop] = Portal(threading.get_ident(), frozenset(asyncio.all_tasks()))
            return loop

        loop: asyncio.AbstractEventLoop | None = None
        try:
            with opening as portal:
                loop = portal.call(enter)
                yield portal
        finally:
            if loop is not None:
                del portals[loop]


def run(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine of the gate's own on a loop, in real time, and wait for it."""
    # A loop whose time a test has frozen would wait for ever.
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
