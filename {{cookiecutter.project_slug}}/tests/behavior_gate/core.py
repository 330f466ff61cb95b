"""What the detectors share: a finding, the phase it belongs to, the gate that records it."""

from __future__ import annotations

import asyncio
import functools
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, ClassVar, Literal

When = Literal["setup", "call", "teardown"]
Origin = Literal["application", "test", "gate", "library"]

#: Seconds that pass also where a test freezes time: freezegun replaces the clocks that a module
#: names, and not what a partial holds.
real_time = functools.partial(time.monotonic)
#: Below these an endpoint runs, and what the framework makes of its result.
ROUTING = ("fastapi/routing.py", "starlette/routing.py")

_STDLIB = sysconfig.get_path("stdlib").replace("\\", "/")


@dataclass(frozen=True, slots=True)
class Location:
    """A line of the user's code, its path relative to the root of the project."""

    path: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} in {self.function}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect: what happened, where, why it matters in a clause, and how to mend it."""

    detector: str
    what: str
    where: Location | None
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a detector: `gate_NAME` in the configuration file of pytest."""

    name: str
    default: int | float
    help: str


class BrokenOff(Exception):
    """What the gate makes of a cancellation of its own, for pytest to take like any error.

    Whatever is no `Exception` keeps pytest from tearing down the other fixtures of a test, and the
    next one would get them.
    """


@dataclass(slots=True, eq=False)
class Case:
    """One test, and whether the gate has broken it off."""

    stopped: bool = False


#: The test that the running code belongs to, also when that is long over. None in a fixture that
#: lives longer than one test.
current_case: ContextVar[Case | None] = ContextVar("current_case", default=None)


@dataclass(slots=True, eq=False)
class Phase:
    """The set-up, call or teardown of one test, and what was found while it ran."""

    nodeid: str
    when: When
    allowed: frozenset[str] = frozenset()
    loop: asyncio.AbstractEventLoop | None = None
    findings: list[Finding] = field(default_factory=list)
    #: A person has looked at it in a debugger: its times mean nothing.
    debugged: bool = False
    #: It never ended by itself and was cancelled.
    stopped: bool = False
    #: A fixture that lives longer than one test is being set up.
    in_wide_fixture: bool = False


@dataclass(slots=True, eq=False)
class Request:
    """One HTTP or WebSocket exchange with the application under test."""

    method: str
    path: str
    endpoint: Callable[..., Any] | None = None
    response_started: bool = False
    status: int | None = None
    passwords: set[str] = field(default_factory=set)


#: The exchange that the running code serves. Tasks that it starts inherit it.
current_request: ContextVar[Request | None] = ContextVar("current_request", default=None)


@dataclass(slots=True, eq=False)
class Portal:
    """A loop in another thread, on which a client such as Starlette's serves the application."""

    thread: int
    #: What keeps the loop running.
    own_tasks: frozenset[asyncio.Task[Any]]


class Origins(dict[str, Origin]):
    """Whose code a source file holds, by its file name; worked out once for each file."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root.as_posix()}/"
        self._gate = f"{Path(__file__).parent.as_posix()}/"
        installed = [_STDLIB, sys.prefix, sys.exec_prefix]
        self._installed = tuple(
            f"{path}/" for path in installed if not self._root.startswith(f"{path}/")
        )

    def __missing__(self, filename: str) -> Origin:
        origin = self[filename] = self._find(filename.replace("\\", "/"))
        return origin

    def is_of_project(self, filename: str) -> bool:
        """Whether a file, of whatever kind, belongs to the project and is not installed in it."""
        return (
            filename.startswith(self._root)
            and not filename.startswith(self._installed)
            and "/site-packages/" not in filename
            and "/dist-packages/" not in filename
        )

    def _find(self, filename: str) -> Origin:
        if filename.startswith(self._gate):
            return "gate"
        if not self.is_of_project(filename):
            return "library"
        *folders, name = filename.removeprefix(self._root).split("/")
        if (
            not {"tests", "test"}.isdisjoint(folders)
            or name == "conftest.py"
            or name.startswith("test_")
            or name.endswith("_test.py")
        ):
            return "test"
        return "application"


class Gate:
    """Records findings under the phase that is running; safe to call from any thread."""

    def __init__(self, root: Path, options: Mapping[str, float] | None = None) -> None:
        self.root = root
        self._prefix = f"{root.as_posix()}/"
        self.options = options or {}
        self.phase: Phase | None = None
        self.open_requests: list[Request] = []
        #: The thread that runs the tests, the debug-mode loop that it runs them on, and the task
        #: of the test or fixture that runs now.
        self.thread = threading.get_ident()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.main_task: asyncio.Future[Any] | None = None
        #: The loops in other threads that are watched like that of the tests.
        self.portals: dict[asyncio.AbstractEventLoop, Portal] = {}
        #: The main task of a test that would not end even when it was cancelled.
        self.stranded: asyncio.Future[Any] | None = None
        #: What was found while no test was running.
        self.strays: list[Finding] = []
        self.origins = Origins(root)
        self._lock = threading.Lock()

    def report(
        self, detector: str, *, what: str, where: Location | None, why: str, mend: str
    ) -> None:
        """Record a finding, unless the test allows the detector or it is known already."""
        finding = Finding(detector, what, where, why, mend)
        phase, case = self.phase, current_case.get()
        if phase is not None and (detector in phase.allowed or phase.stopped):
            return
        # What follows when the gate has broken off a test is its own doing, however late it comes.
        if case is not None and case.stopped:
            return
        findings = self.strays if phase is None else phase.findings
        with self._lock:
            if finding not in findings:
                findings.append(finding)

    def locate(self, frame: FrameType | None) -> Location | None:
        """Name the innermost line of application code on a stack, else that of a test."""
        return self._innermost((frame, frame.f_lineno) for frame in stack(frame))

    def locate_traceback(self, traceback: TracebackType | None) -> Location | None:
        """Name the innermost line of application code in a traceback, else that of a test."""
        lines = []
        while traceback is not None:
            lines.append((traceback.tb_frame, traceback.tb_lineno))
            traceback = traceback.tb_next
        return self._innermost(reversed(lines))

    def _innermost(self, lines: Iterator[tuple[FrameType, int]]) -> Location | None:
        of_test = None
        for frame, line in lines:
            origin = self.origin(frame.f_code)
            if origin == "application":
                return self.location(frame.f_code, line)
            if origin == "test" and of_test is None:
                of_test = self.location(frame.f_code, line)
        return of_test

    def origin(self, code: CodeType) -> Origin:
        """Tell whose code it is. What a self-test plants counts as an application."""
        origin = self.origins[code.co_filename]
        if origin == "gate" and ".selftest" in code.co_qualname:
            return "application"
        return origin

    def location(self, code: CodeType, line: int | None = None) -> Location:
        """Name a line of a function, by default that of its definition."""
        return self.locate_line(code.co_filename, line or code.co_firstlineno, code.co_name)

    def locate_line(self, filename: str, line: int, function: str) -> Location:
        """Name a line by its absolute file name."""
        path = filename.replace("\\", "/").removeprefix(self._prefix)
        return Location(path, line, function)

    def is_watched(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether a loop runs the tests, or serves the application to them."""
        return loop is not None and (loop is self.loop or loop in self.portals)

    def is_on_watched_loop(self) -> bool:
        """Whether the running code holds up such a loop."""
        return self.is_watched(asyncio._get_running_loop())

    def is_tests_own(self) -> bool:
        """Whether the test or fixture itself runs, and neither a request nor another task."""
        return (
            current_request.get() is None
            and threading.get_ident() == self.thread
            and self.loop is not None
            and asyncio.current_task(self.loop) is self.main_task
        )


class Detector:
    """Watches for one family of defects. A subclass has a name and overrides what it needs."""

    name: ClassVar[str]
    #: Modules without which the detector has nothing to watch and is left out.
    requires: ClassVar[tuple[str, ...]] = ()
    #: Its settings, found in `self.gate.options` under their names.
    options: ClassVar[tuple[Option, ...]] = ()

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def install(self) -> None:
        """Patch or subscribe, once, at the start of the run."""

    def uninstall(self) -> None:
        """Undo what install did, at the end of the run."""

    def begin(self, phase: Phase) -> None:
        """Prepare for a phase."""

    def end(self, phase: Phase) -> None:
        """Judge a phase that has just run. `phase.loop`, if any, stands still and may be run."""

    def explain_hang(self) -> list[str]:
        """Say in lines what a test that hangs waits for. Runs in the watchdog's thread."""
        return []

    async def selftest(self) -> None:
        """Commit the defect that this detector is for."""


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of the running thread from one outwards, also across greenlets."""
    greenlet: Any = None
    while True:
        while frame is not None:
            yield frame
            frame = frame.f_back
        if "greenlet" not in sys.modules:
            return
        greenlet = sys.modules["greenlet"].getcurrent() if greenlet is None else greenlet
        greenlet = greenlet.parent
        if greenlet is None:
            return
        frame = greenlet.gr_frame


@functools.cache
def library_path(filename: str) -> str:
    """Cut a file name of an installed module to where it is imported from: `asyncio/events.py`."""
    filename = filename.replace("\\", "/")
    if "pydevd" in filename or "debugpy" in filename:
        return "debugger"
    for folder in ("/site-packages/", "/dist-packages/", f"{_STDLIB}/"):
        _, found, path = filename.rpartition(folder)
        if found:
            return path
    return filename


@functools.cache
def is_python(filename: str) -> bool:
    """Whether the code of a library is part of Python itself."""
    filename = filename.replace("\\", "/")
    return filename.startswith("<") or (
        filename.startswith(f"{_STDLIB}/")
        and "/site-packages/" not in filename
        and "/dist-packages/" not in filename
    )


def is_blocking_error(error: BaseException | None) -> bool:
    """Whether it is what the `blocking` detector raises, which has reported it by itself."""
    return type(error).__name__ == "BlockingError"
