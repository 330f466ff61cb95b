"""Ends a test that waits forever, and says what it waited for."""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from . import rules
from .asgi import task_of
from .awaiting import awaiting, runs_endpoint, waits_at
from .clocks import Schedule
from .core import Detector, Gate, Option, Phase, real_time
from .excused import is_told
from .threads import frames_of, is_in, release, waits_for_nobody

TIMEOUT = Option("timeout", 10.0, "seconds after which a waiting test is stopped; 0 is never")

#: Seconds from one attempt to stop a test to the next.
_IMPATIENCE_S = 1.0
#: A fixture for many tests, which may start a server, has this many times the limit. So have the
#: fixtures of a test that may take forever, and a test that fails by nothing that the gate finds.
_PATIENCE = 6
#: After as many, the loop itself is stopped.
_LAST_ATTEMPT = 4
#: The part of a limit of pytest-timeout by which the gate comes before it, and at most so much.
_AHEAD = 0.1
_AHEAD_S = 2.0
_DEBUGGERS = ("bdb.py", "pdb.py", "debugger")
#: Where a thread waits for a loop in another one, or for the threads that do.
CLIENTS = (
    "starlette/testclient.py",
    "anyio/from_thread.py",
    "concurrent/futures/_base.py",
    "concurrent/futures/thread.py",
)


class Stopped(BaseException):
    """Raised in code that holds the event loop beyond the limit."""


class Hangs:
    """Fails a test that waits longer than the limit, and lets the run go on."""

    def __init__(self, gate: Gate, detectors: Sequence[Detector]) -> None:
        self.gate = gate
        self._detectors = detectors
        self._subject: tuple[object, ...] = ()
        self._limit = 0.0
        self._deadline = 0.0
        self._schedule = Schedule()
        self._attempts = 0
        #: Of pytest-timeout for the running test: the limit, and when to end the test for it.
        self._given: tuple[float, float] | None = None
        #: The test is to have no limit.
        self._unlimited = False
        self._is_patient = False
        #: The loops that have followed the request to stop.
        self._obedient: set[asyncio.AbstractEventLoop] = set()

    def check(self) -> None:
        """Look, from the watchdog's thread, whether the test or fixture is overdue."""
        gate, main, phase = self.gate, self.gate.main_task, self.gate.phase
        if phase is None:
            return
        # A test without a task has the limit anew for each request that it makes.
        subject = (phase, main) if main else (phase, *gate.open_requests)
        if subject != self._subject and not (main is None and phase.stopped):
            may_hang = {rules.HANG.id, rules.HANG.family} & phase.allowed
            longer = phase.in_wide_fixture or may_hang or gate.modes.of(rules.HANG) == "warn"
            limit = (_PATIENCE if longer else 1) * gate.options["timeout"]
            self._limit, self._deadline = self._given or (limit, self._now() + limit)
            self._subject = subject
            self._attempts, self._is_patient = 0, False
            self._obedient.clear()
        if (
            not self._limit
            or self._unlimited
            or phase.debugged
            or self._now() < self._deadline
            or gate.allows(rules.HANG)
        ):
            return
        threads = self._threads_to_stop()
        if any(is_in(thread, _DEBUGGERS) for thread in threads.values()):
            phase.debugged = True
            return
        if not threads:
            self._deadline = self._now() + self._limit
            if waits_for_nobody(gate.thread):
                self._report_that_nobody_answers(phase)
            return
        is_patient = self._is_patient or self._given is not None
        if phase.findings and not is_patient and any(map(_is_told, threads.values())):
            # A call that is told of already, and that most likely ends.
            self._is_patient = True
            self._deadline = self._now() + self._limit
            return
        self._attempts += 1
        self._deadline = self._now() + _IMPATIENCE_S
        reasons: list[str] = []
        if self._attempts == 1:
            # Before it is cancelled, which ends what it waits for.
            reasons = [line for detector in self._detectors for line in detector.explain_hang()]
        for loop, thread in threads.items():
            if self._attempts > 1 and loop not in self._obedient:
                self._break_off(phase, loop, thread)
            elif loop.is_running():
                with suppress(RuntimeError):  # It has just been closed.
                    loop.call_soon_threadsafe(self._stop, loop, self._attempts, reasons)
        if self._attempts >= _LAST_ATTEMPT:
            release(gate.thread, Stopped())

    def _now(self) -> float:
        """A clock that stands still while a busy machine keeps the tests from running."""
        return real_time() - (0.0 if self._given else self._schedule.read()[0])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self._unlimited = _is_without_limit(item)

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self, settings: Any) -> None:
        limit = settings.timeout
        self._given = limit, real_time() + limit - min(_AHEAD * limit, _AHEAD_S)
        self._subject = ()

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_cancel_timer(self) -> None:
        self._given = None
        self._subject = ()

    @pytest.hookimpl(optionalhook=True)
    def pytest_explored(self) -> None:
        """The test makes many runs, and each of them has the limit anew."""
        self._subject = ()

    def _threads_to_stop(self) -> dict[asyncio.AbstractEventLoop, int]:
        """The loops that the test waits for, and their threads; none if it is busy by itself."""
        gate, loop = self.gate, self.gate.loop
        if gate.portals and is_in(gate.thread, CLIENTS):
            tasks = (task_of(request) for request in list(gate.open_requests))
            serving = {task.get_loop() for task in tasks if task} & gate.portals.keys()
            return {
                loop: portal.thread
                for loop, portal in list(gate.portals.items())
                if loop in serving or not serving
            }
        return {loop: gate.thread} if gate.main_task and loop else {}

    def _report_that_nobody_answers(self, phase: Phase) -> None:
        self.gate.report(
            rules.HANG,
            what=f"{self._what()}: what it waits for was to come from an event loop in another"
            " thread, which has ended",
            where=self.gate.locate(sys._current_frames().get(self.gate.thread)),
        )
        phase.stopped = True
        release(self.gate.thread, Stopped())

    def _break_off(self, phase: Phase, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        """End code that holds the loop, so that not even the loop can be asked to end it."""
        self._obedient.add(loop)
        if not (phase.findings and _is_told(thread)):
            self.gate.report(
                rules.HANG,
                what=f"{self._what()}: the code below held the event loop for {self._limit:g} s and"
                " was broken off",
                where=self.gate.locate(sys._current_frames().get(thread)),
            )
        if self.gate.phase is not phase or not loop.is_running():
            # The thread has ended, and the next one may have its number.
            return
        phase.stopped = True
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread), ctypes.py_object(Stopped)
        )

    def _what(self) -> str:
        requests = [str(request) for request in self.gate.open_requests]
        return f"{', '.join(requests) or 'the test'} never ended"

    def _stop(self, loop: asyncio.AbstractEventLoop, attempt: int, reasons: list[str]) -> None:
        """End what the test waits for, from inside its loop."""
        gate, phase = self.gate, self.gate.phase
        self._obedient.add(loop)
        if phase is None or self._subject[0] is not phase:
            return
        portal = gate.portals.get(loop)
        waiting: list[asyncio.Future[Any]] = []
        if portal is not None:
            tasks = asyncio.all_tasks(loop) - portal.own_tasks
            waiting += (task for task in tasks if not _is_lifespan(task))
        elif gate.main_task is not None and self._subject[1] is gate.main_task:
            waiting.append(gate.main_task)
        else:
            return
        if not phase.stopped:
            self._report(loop, reasons)
            phase.stopped = True
        if attempt < _LAST_ATTEMPT:
            for task in waiting:
                task.cancel()
        elif attempt == _LAST_ATTEMPT:
            loop.stop()

    def _serving(self, tasks: Sequence[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
        """Those of some tasks that serve a request, the one that runs the endpoint first.

        A middleware may wait for a task of its own, which runs it.
        """
        served = {task_of(request) for request in self.gate.open_requests}
        chosen = [task for task in tasks if runs_endpoint(task) or task in served]
        return sorted(chosen, key=runs_endpoint, reverse=True)

    def _report(self, loop: asyncio.AbstractEventLoop, reasons: list[str]) -> None:
        gate = self.gate
        when = "just before pytest-timeout's limit of" if self._given else "after"
        lines = [f"{self._what()}: stopped {when} {self._limit:g} s"]
        where = None
        main, tasks = gate.main_task, list(asyncio.all_tasks(loop))
        tasks.sort(key=lambda task: task is not main)
        if loop in gate.portals and isinstance(main, asyncio.Task):
            tasks.append(main)
        for task in tasks:
            line, inner = waits_at(gate, task)
            if line is None or _is_lifespan(task):
                continue
            where = where or line
            name = f"task {task.get_name()!r}"
            if task is main:
                name = "the test" if loop in gate.portals else "it"
            elif loop in gate.portals and _is_clients(gate, task):
                name = "it"
            lines.append(f"  {name} waits at {line}{inner}")
        for task in tasks:
            # What has asked it to end waits for it. It has not heard so if it never runs again.
            was_asked = not getattr(task, "_must_cancel", False)
            if task is not main and task.cancelling() and was_asked:
                gate.report(
                    rules.SWALLOWED_CANCELLATION,
                    what="\n".join([f"task {task.get_name()!r} was cancelled and goes on", *lines]),
                    where=waits_at(gate, task)[0],
                )
                return
        gate.report(
            rules.HANG,
            what="\n".join([*lines, *reasons]),
            where=next(
                (line for task in self._serving(tasks) if (line := waits_at(gate, task)[0])), where
            ),
        )


def _is_without_limit(item: pytest.Item) -> bool:
    """Whether pytest-timeout is told to let a test take as long as it takes."""
    mark = item.get_closest_marker("timeout")
    given = [*mark.args[:1], mark.kwargs.get("timeout")] if mark else []
    # Its option, environment variable or setting.
    given.append(getattr(item.config, "_env_timeout", None))
    return next((seconds for seconds in given if seconds is not None), None) == 0


def _is_clients(gate: Gate, task: asyncio.Task[Any]) -> bool:
    """Whether a client started it in its portal, and not a line of the user."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is None or gate.origin(code) == "library"


def _is_told(thread: int) -> bool:
    """Whether a thread makes a call that is a finding already."""
    return any(is_told(frame.f_code) for frame in frames_of(thread))


def _is_lifespan(task: asyncio.Task[Any]) -> bool:
    """Whether it is the lifespan of a running app, which waits for the shutdown."""
    frames = list(awaiting(task.get_coro()))
    scopes = [frame.f_locals.get("scope") for frame in frames]
    return any(
        isinstance(scope, dict) and scope.get("type") == "lifespan" for scope in scopes
    ) and any(frame.f_code.co_name == "receive" for frame in frames)
