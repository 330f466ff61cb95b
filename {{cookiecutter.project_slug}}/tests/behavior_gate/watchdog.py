"""A thread that looks at the run from outside, and ends a test that waits for ever."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from time import monotonic, sleep
from types import FrameType
from typing import Any

from .core import ROUTING, Detector, Gate, Location, Option, Phase, library_path

TIMEOUT = Option("timeout", 10.0, "seconds after which a waiting test is stopped; 0 is never")

_TICK = 0.01
#: Seconds from one attempt to stop a test to the next.
_IMPATIENCE = 1.0
#: A fixture for many tests, which may start a server, has this many times the limit.
_WIDE_FACTOR = 6
_WHY = "what never ends hangs the client in production, and the whole run in CI"


class Stopped(BaseException):
    """Raised in code that holds the event loop beyond the limit."""


class Watchdog:
    """Calls its subscribers every few milliseconds while a phase is running."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._subscribers: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._registered = False

    def subscribe(self, callback: Callable[[], None]) -> None:
        self._subscribers.append(callback)

    def start(self) -> None:
        self._wanted = True
        if not self._registered:
            # A fork of a process with threads is a DeprecationWarning since Python 3.12.
            self._registered = True
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(before=self._pause, after_in_parent=self._resume)
        self._resume()

    def stop(self) -> None:
        self._wanted = False
        self._pause()

    def _pause(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _resume(self) -> None:
        if self._wanted and self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="behavior gate watchdog", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while self._thread is threading.current_thread():
            sleep(_TICK)
            if self.gate.phase is not None:
                for callback in self._subscribers:
                    callback()


class Hangs:
    """Fails a test that waits longer than the limit, and lets the run go on."""

    def __init__(self, gate: Gate, detectors: Sequence[Detector]) -> None:
        self.gate = gate
        self._detectors = detectors
        self._task: asyncio.Future[Any] | None = None
        self._limit = 0.0
        self._deadline = 0.0
        self._cancels = 0

    def check(self) -> None:
        """Look, from the watchdog's thread, whether the test or fixture is overdue."""
        gate = self.gate
        task, phase, loop = gate.main_task, gate.phase, gate.loop
        if task is None or phase is None or loop is None:
            self._task = None
            return
        if task is not self._task:
            factor = _WIDE_FACTOR if phase.in_wide_fixture else 1
            self._limit = factor * gate.options["timeout"]
            self._task, self._deadline, self._cancels = task, monotonic() + self._limit, 0
        if (
            not self._limit
            or phase.debugged
            or "requests" in phase.allowed
            or monotonic() < self._deadline
        ):
            return
        if _is_in_debugger(sys._current_frames().get(gate.thread)):
            phase.debugged = True
            return
        self._cancels += 1
        reasons: list[str] = []
        if self._cancels == 1:
            # Before it is cancelled, which ends what it waits for.
            reasons = [line for detector in self._detectors for line in detector.explain_hang()]
        self._deadline = monotonic() + _IMPATIENCE
        if self._cancels > 1 and not phase.stopped:
            self._break_off(phase)
        elif loop.is_running():
            loop.call_soon_threadsafe(self._stop, loop, task, self._cancels, reasons)

    def _break_off(self, phase: Phase) -> None:
        """End code that holds the loop, so that not even the loop can be asked to end it."""
        gate, frame = self.gate, sys._current_frames().get(self.gate.thread)
        where = gate.locate(frame)
        phase.stopped = True
        gate.report(
            "requests",
            what=f"{self._subject()}: the code below held the event loop for {self._limit:g} s and"
            " was broken off",
            where=where,
            why=_WHY,
            mend="see that the loop there ends, and run what takes long in a thread or process",
        )
        thread = ctypes.c_ulong(gate.thread)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(Stopped))

    def _subject(self) -> str:
        requests = [f"{request.method} {request.path}" for request in self.gate.open_requests]
        return f"{', '.join(requests)} never answered" if requests else "the test never ended"

    def _stop(
        self,
        loop: asyncio.AbstractEventLoop,
        task: asyncio.Future[Any],
        time: int,
        reasons: list[str],
    ) -> None:
        phase = self.gate.phase
        if phase is None or task is not self.gate.main_task or task.done():
            return
        if not phase.stopped:
            phase.stopped = True
            self._report(loop, task, reasons)
        if time < 4:
            task.cancel()
        else:
            loop.stop()

    def _report(
        self, loop: asyncio.AbstractEventLoop, main: asyncio.Future[Any], reasons: list[str]
    ) -> None:
        gate = self.gate
        lines = [f"{self._subject()}: stopped after {self._limit:g} s"]
        where = None
        tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task is not main)
        for task in tasks:
            line, inner = waits_at(gate, task)
            if line is None or _waits_for_shutdown(task):
                continue
            where = where or line
            name = "it" if task is main else f"task {task.get_name()!r}"
            lines.append(f"  {name} waits at {line}{inner}")
        gate.report(
            "requests",
            what="\n".join([*lines, *reasons]),
            # A middleware may wait for a task of its own, which runs the endpoint.
            where=next((waits_at(gate, t)[0] for t in tasks if _runs_endpoint(t)), None) or where,
            why=_WHY,
            mend="see that what it waits for always comes, or wait for it with asyncio.timeout();"
            " a test that needs longer: gate_timeout in pyproject.toml, or"
            ' @pytest.mark.gate_allow("requests", reason="...")',
        )


def _is_in_debugger(frame: FrameType | None) -> bool:
    while frame is not None:
        if library_path(frame.f_code.co_filename) in ("bdb.py", "pdb.py", "debugger"):
            return True
        frame = frame.f_back
    return False


def waits_at(gate: Gate, task: asyncio.Task[Any]) -> tuple[Location | None, str]:
    """Where a task stands: the innermost line of the user, and what it waits for below that."""
    of_test: Location | None = None
    of_application: Location | None = None
    inner = ""
    for frame in _awaiting(task.get_coro()):
        where = gate.location(frame.f_code, frame.f_lineno)
        origin = gate.origin(frame.f_code)
        inner = ""
        if origin == "application":
            of_application = where
        elif origin == "test":
            of_test = where
        else:
            module = frame.f_globals.get("__name__", "?")
            inner = f", in {module}.{frame.f_code.co_qualname}()"
    return of_application or of_test, inner


def _waits_for_shutdown(task: asyncio.Task[Any]) -> bool:
    """Whether it is the lifespan of a running app, seen through a middleware of the user."""
    frames = list(_awaiting(task.get_coro()))
    scopes = [frame.f_locals.get("scope") for frame in frames]
    return any(
        isinstance(scope, dict) and scope.get("type") == "lifespan" for scope in scopes
    ) and any(frame.f_code.co_name == "receive" for frame in frames)


def _runs_endpoint(task: asyncio.Task[Any]) -> bool:
    for frame in _awaiting(task.get_coro()):
        if library_path(frame.f_code.co_filename) in ROUTING:
            scope = frame.f_locals.get("scope")
            return isinstance(scope, dict) and scope.get("type") != "lifespan"
    return False


def _awaiting(awaitable: Any) -> Iterator[FrameType]:
    """Yield the frames of a chain of coroutines from the task inwards."""
    while awaitable is not None:
        if type(awaitable).__name__.startswith("async_generator_"):
            # One step of an async generator, which it does not name by an attribute.
            steps = gc.get_referents(awaitable)
            awaitable = next((step for step in steps if hasattr(step, "ag_frame")), None)
        prefix = next((p for p in ("cr", "gi", "ag") if hasattr(awaitable, f"{p}_frame")), None)
        if prefix is None:
            return
        frame = getattr(awaitable, f"{prefix}_frame")
        if frame is not None:
            yield frame
        awaitable = getattr(awaitable, "gi_yieldfrom" if prefix == "gi" else f"{prefix}_await")
