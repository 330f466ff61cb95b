"""A callback that holds the event loop: by CPU time and by blocked time, never by wall clock."""

from __future__ import annotations

import gc
import os
import sys
import threading
from asyncio import events
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, thread_time
from types import CodeType
from typing import Any

from .callers import is_starting
from .core import Detector, Gate, Option, Phase, current_request, library_path
from .patches import Patches

#: A callback is worth a look at its stack from here on, in seconds.
_SUSPICIOUS = 0.015
#: The clocks are read at most this often, in seconds.
_READING = 0.002
#: Coverage makes Python code about this much dearer.
_TRACED = 2

#: Work that a process does once, or that the tools around the test do.
_EXCUSED = (
    "<frozen importlib",
    "concurrent/futures/process.py",
    "multiprocessing/",
    "inspect.py",
    "mimetypes.py",
    "re/_compiler.py",
    "ssl.py",
    "fastapi/dependencies/utils.py",
    "fastapi/openapi/",
    "pydantic/json_schema.py",
    "pydantic/_internal/_generate_schema.py",
    "pydantic/_internal/_model_construction.py",
    "sqlalchemy/orm/mapper.py",
    "_pytest/",
    "coverage/",
    "bdb.py",
    "pdb.py",
    "debugger",
)
#: A thousand rows through the ORM at once are no defect: below it a callback may take more.
_ORM = "sqlalchemy/"
_ORM_FACTOR = 4
#: Where a framework takes over from the application: what it does below is not its caller's doing.
_FRAMEWORK = (
    "httpx/_transports/asgi.py",
    "httpx2/_transports/asgi.py",
    "fastapi/routing.py",
    "starlette/applications.py",
    "starlette/routing.py",
    "starlette/middleware/",
)

Line = tuple[CodeType, int]


@dataclass(slots=True)
class Clocks:
    """Readings of the loop's thread, in seconds."""

    wall: float = 0.0
    cpu: float = 0.0
    queued: float = 0.0
    collecting: float = 0.0


class SlowDetector(Detector):
    """Reports callbacks over the limits, at the application line that most samples saw."""

    name = "slow"
    options = (
        Option("cpu_ms", 50.0, "milliseconds of CPU time that a callback may take"),
        Option("blocked_ms", 100.0, "milliseconds that a callback may wait without using the CPU"),
    )

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._patches = Patches()
        self._schedstat = -1
        self._before = Clocks()
        self._collecting = 0.0
        self._collection_began = 0.0
        self._handle: Any = None
        self._started = 0.0
        self._samples: list[Line | None] = []
        self._samples_in_orm = 0
        self._samples_at_start = 0

    def install(self) -> None:
        self._patches.replace(events.Handle, "_run", self._watched)
        gc.callbacks.append(self._on_collection)

    def uninstall(self) -> None:
        self._patches.restore()
        gc.callbacks.remove(self._on_collection)
        if self._schedstat >= 0:
            os.close(self._schedstat)
            self._schedstat = -1

    def begin(self, phase: Phase) -> None:
        if self._schedstat == -1:
            self._schedstat = _open_schedstat()

    def sample(self) -> None:
        """Look, from the watchdog's thread, at what the loop's thread is doing."""
        handle, started = self._handle, self._started
        if handle is None or perf_counter() - started < _SUSPICIOUS:
            return
        line, in_orm = self._responsible_line(handle)
        frame = sys._current_frames().get(self.gate.thread)
        at_start = frame is not None and is_starting(self.gate, frame, handle._context)
        if self._handle is handle and self._started == started:
            self._samples.append(line)
            self._samples_in_orm += in_orm
            self._samples_at_start += at_start

    def _watched(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        gate, own_limit = (
            self.gate,
            min(self.gate.options["cpu_ms"], self.gate.options["blocked_ms"]),
        )
        least = own_limit / 1000

        def _run(handle: Any) -> None:
            if handle._loop is not gate.loop or threading.get_ident() != gate.thread:
                return original(handle)
            now = perf_counter()
            if now - self._before.wall > _READING:
                self._before = self._read(now)
            if self._samples:
                self._samples.clear()
                self._samples_in_orm = self._samples_at_start = 0
            self._started = now
            self._handle = handle
            try:
                original(handle)
            finally:
                self._handle = None
                now = perf_counter()
                if now - self._started > least:
                    self._judge(handle, self._read(now))

        return _run

    def _read(self, now: float) -> Clocks:
        queued = 0.0
        if self._schedstat >= 0:
            queued = int(os.pread(self._schedstat, 64, 0).split()[1]) / 1e9
        return Clocks(now, thread_time(), queued, self._collecting)

    def _judge(self, handle: Any, after: Clocks) -> None:
        before, phase = self._before, self.gate.phase
        if phase is None or phase.debugged or phase.stopped:
            return
        cpu = after.cpu - before.cpu
        blocked = (after.wall - before.wall) - cpu - (after.queued - before.queued)
        cpu -= after.collecting - before.collecting
        lines = Counter(line for line in self._samples if line is not None)
        if 2 * lines.total() <= len(self._samples):
            return
        (code, number), _ = lines.most_common(1)[0]
        where = self.gate.location(code, number)
        limit = self.gate.options["cpu_ms"] * (_TRACED if _is_traced() else 1)
        if 2 * self._samples_in_orm > len(self._samples):
            limit *= _ORM_FACTOR
        at_start = 2 * self._samples_at_start > len(self._samples)
        if cpu * 1000 >= limit and not at_start:
            what = f"a callback used {cpu * 1000:.0f} ms of CPU time on the event loop"
            mend = (
                "do less at once, or move it off the loop: await asyncio.to_thread(...), or a"
                " process pool for pure Python"
            )
        elif self._schedstat >= 0 and blocked * 1000 >= self.gate.options["blocked_ms"]:
            what = f"a callback blocked the event loop for {blocked * 1000:.0f} ms"
            mend = (
                "use the async form of the call, or run it in a thread:"
                " await asyncio.to_thread(...)"
            )
        else:
            return
        why = "no other request is served until it returns"
        self.gate.report(self.name, what=what, where=where, why=why, mend=mend)

    def _responsible_line(self, handle: Any) -> tuple[Line | None, bool]:
        """Find the line of the user that holds the loop, and whether it does so by the ORM."""
        frame = sys._current_frames().get(self.gate.thread)
        found: Line | None = None
        decided = in_orm = False
        while frame is not None:
            code = frame.f_code
            origin = self.gate.origin(code)
            if origin == "library":
                path = library_path(code.co_filename)
                if path == "asyncio/events.py":
                    break
                if path.startswith(_EXCUSED):
                    return None, False
                in_orm = in_orm or (not decided and path.startswith(_ORM))
                decided = decided or path.startswith(_FRAMEWORK)
            elif not decided and origin != "gate":
                if origin == "application" or _serves(handle):
                    found = (code, frame.f_lineno)
                decided = True
            frame = frame.f_back
        return found, in_orm

    async def selftest(self) -> None:
        end = thread_time() + 2 * self.gate.options["cpu_ms"] / 1000
        while thread_time() < end:
            pass

    def _on_collection(self, moment: str, info: dict[str, int]) -> None:
        if self._handle is None or threading.get_ident() != self.gate.thread:
            return
        if moment == "start":
            self._collection_began = thread_time()
        elif self._collection_began:
            self._collecting += thread_time() - self._collection_began
            self._collection_began = 0.0


def _is_traced() -> bool:
    monitoring: Any = getattr(sys, "monitoring", None)
    return sys.gettrace() is not None or (
        monitoring is not None and any(monitoring.get_tool(number) for number in range(6))
    )


def _serves(handle: Any) -> bool:
    context = handle._context
    return context is not None and context.get(current_request) is not None


def _open_schedstat() -> int:
    """Open what tells how long this thread has waited for a core; -2 where nothing does."""
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        return -2
    fields = os.pread(descriptor, 64, 0).split()
    if len(fields) < 2 or not int(fields[0]):
        os.close(descriptor)
        return -2
    return descriptor
