"""A callback that holds the event loop: by CPU time and by blocked time, never by wall clock."""

from __future__ import annotations

import gc
import sys
import threading
from asyncio import AbstractEventLoop, events
from collections import Counter
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any

from .. import rules
from ..asgi import Observer, endpoint_of, subscribe, unsubscribe
from ..callers import is_starting
from ..clocks import Clocks, Reading, Schedule
from ..core import (
    Detector,
    Gate,
    Option,
    Phase,
    Request,
    current_request,
    real_time,
)
from ..patches import Patches
from ..where import Location, library_path

#: A callback is worth a look at its stack from here on, in seconds.
_SUSPICIOUS = 0.005
#: The clocks are read at most this often, in seconds.
_READING = 0.002
#: A finding needs so many times the limit, and below that nothing is said: on a busy machine the
#: same code takes up to 1.4 times the CPU time, and waits for some milliseconds more.
_SURELY_CPU = 1.45
_SURELY_BLOCKED = 1.3
#: Who uses less CPU time than this from one look to the next, in seconds, did not run.
_STILL = 0.0005
#: A thread waits that did not run from one look to the next, or that let the watchdog wake up so
#: often in vain. Who runs in between may only have stood aside for the look.
_WAKES = 6
#: Most of the time has to be of that kind.
_SURELY = 2 / 3
#: A wait is none for the interpreter, which another thread runs Python code in: the other threads
#: used less CPU time than this part of it.
_OTHERS = 0.1
#: Coverage makes Python code about this much dearer.
_TRACED = 2

#: Work that a process does once, or that the tools around the test do.
_EXCUSED = (
    "<frozen importlib",
    "concurrent/futures/process.py",
    "multiprocessing/",
    "inspect.py",
    # The text of an error, for the log.
    "linecache.py",
    "<frozen linecache>",
    "traceback.py",
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
    "fastapi/applications.py",
    "fastapi/routing.py",
    "starlette/applications.py",
    "starlette/routing.py",
    "starlette/middleware/",
)


@dataclass(slots=True)
class Look:
    """What the thread was seen doing, and when."""

    where: Location | None
    #: The request that it served, else the outermost call into the application.
    unit: object
    in_orm: bool
    #: Nothing is served yet: whoever computes holds up nobody.
    at_start: bool
    #: When the account began, and the look.
    began: float
    now: float
    #: How often the watchdog woke up before it could look.
    wakes: int
    #: Read when the look is over: while it lasted, the thread may have waited for it.
    reading: Reading


@dataclass(slots=True)
class Use:
    """What one request, or one call from a test, took of an account."""

    cpu: float = 0.0
    of_orm: float = 0.0
    waited: float = 0.0
    surely_waited: float = 0.0
    lines: Counter[Location] = field(default_factory=Counter)
    #: How long the thread has not run, and whether two looks have seen that.
    _still: float = 0.0
    _is_seen: bool = False

    def add(self, look: Look, start: Reading, *, is_first: bool) -> None:
        """Add what happened up to a look."""
        end, wall = look.reading, look.now - start.wall
        cpu, queued = max(0.0, end.cpu - start.cpu), end.queued - start.queued
        if end.runs == start.runs and cpu < _STILL:
            # It waits for something, or for a core: of that the kernel tells when it has got one.
            self._still += end.wall - start.wall
            self._is_seen = self._is_seen or not is_first
        else:
            in_vain = look.wakes - (cpu + queued) / sys.getswitchinterval()
            self._end_wait(wall - cpu - queued, is_sure=in_vain > _WAKES)
        cpu = 0.0 if look.at_start else max(0.0, cpu - (end.collecting - start.collecting))
        self.cpu += cpu
        self.of_orm += cpu if look.in_orm else 0.0
        if look.where is not None:
            self.lines[look.where] += round(1e9 * wall)

    def _end_wait(self, idle: float, *, is_sure: bool = False) -> None:
        waited = max(0.0, self._still + idle)
        self.waited += waited
        if is_sure:
            self.surely_waited += waited
        elif self._is_seen:
            self.surely_waited += min(self._still, waited)
        self._still, self._is_seen = 0.0, False

    def is_wait(self, others: float) -> bool:
        """Whether it waited, and not for another thread, given the CPU time of the others."""
        self._end_wait(0.0)
        return self.surely_waited > _SURELY * self.waited and others < _OTHERS * self.waited


class Account:
    """What a thread that runs an event loop has taken since it was last settled."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.clocks = Clocks()
        self.handle: Any = None
        self.began = 0.0
        self.before = Reading()
        self.looks: list[Look] = []


class SlowDetector(Detector, Observer):
    """Reports callbacks over the limits, at the application line that most of the time went to.

    An account is what one request, or one call from a test, takes from one yield to the event loop
    to the next: a client in memory does not yield between its requests.
    """

    name = "slow"
    options = (
        Option("cpu_ms", 50.0, "milliseconds of CPU time that a callback may take"),
        Option("blocked_ms", 100.0, "milliseconds that a callback may wait without using the CPU"),
    )

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._patches = Patches(gate.blind, "slow")
        self._least = min(gate.options["cpu_ms"], gate.options["blocked_ms"]) / 1000
        #: By thread.
        self._accounts: dict[int, Account] = {}
        self._watchdog: Schedule | None = None
        self._wakes = 0

    def install(self) -> None:
        self._patches.replace(events.Handle, "_run", self._watched)
        gc.callbacks.append(self._on_collection)
        subscribe(self.gate, self)

    def uninstall(self) -> None:
        unsubscribe(self)
        gc.callbacks.remove(self._on_collection)
        self._patches.restore()
        for account in self._accounts.values():
            account.clocks.schedule.close()
        self._accounts.clear()
        if self._watchdog is not None:
            self._watchdog.close()
            self._watchdog = None

    def begin(self, phase: Phase) -> None:
        for thread, account in list(self._accounts.items()):
            if account.loop.is_closed():
                account.clocks.schedule.close()
                del self._accounts[thread]

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        self._settle()

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        self._settle(request)

    def sample(self) -> None:
        """Look, from the watchdog's thread, at what the threads of the loops are doing."""
        if self._watchdog is None or self._watchdog.thread != threading.get_ident():
            self._watchdog = Schedule()
        try:
            _, runs = self._watchdog.read()
        except OSError:
            # A fork has ended the thread, and the one after it has got the same number.
            self._watchdog.close()
            self._watchdog = None
            return
        wakes, self._wakes = runs - self._wakes, runs
        for account in list(self._accounts.values()):
            handle, began, now = account.handle, account.began, real_time()
            if handle is None or now - began < min(_SUSPICIOUS, self._least):
                continue
            seen = self._look(account.clocks.thread, handle)
            try:
                look = Look(*seen, began, now, wakes, account.clocks.read())
            except OSError:
                continue  # The thread has just ended.
            if account.handle is handle and account.began == began:
                account.looks.append(look)

    def _watched(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        gate, accounts = self.gate, self._accounts

        def _run(handle: Any) -> None:
            loop = handle._loop
            if not gate.is_watched(loop):
                return original(handle)
            account = accounts.get(threading.get_ident())
            if account is None or account.loop is not loop:
                account = self._open_account(loop)
            now = account.began = real_time()
            if now - account.before.wall > _READING:
                account.before = account.clocks.read()
            account.handle = handle
            try:
                original(handle)
            finally:
                if real_time() - account.began > self._least:
                    self._judge(account)
                account.handle = None
                account.looks.clear()

        return _run

    def _open_account(self, loop: AbstractEventLoop) -> Account:
        account = Account(loop)
        previous = self._accounts.get(account.clocks.thread)
        if previous is not None:
            previous.clocks.schedule.close()
        self._accounts[account.clocks.thread] = account
        return account

    def _settle(self, ended: Request | None = None) -> None:
        """Begin a new account in the midst of a callback."""
        account = self._accounts.get(threading.get_ident())
        if account is None or account.handle is None:
            return
        if real_time() - account.began > self._least:
            if ended is not None and not account.looks:
                # A call that let no other thread run was over before anybody could look.
                where = endpoint_of(self.gate, ended)
                reading = account.clocks.read()
                look = Look(where, ended, False, False, account.began, reading.wall, 0, reading)
                account.looks.append(look)
            self._judge(account)
        account.looks.clear()
        account.before = account.clocks.read()
        account.began = account.before.wall

    def _judge(self, account: Account) -> None:
        phase = self.gate.phase
        looks = [look for look in account.looks if look.began == account.began]
        if not looks or phase is None or phase.debugged or phase.stopped:
            return
        start, after = account.before, account.clocks.read()
        uses: dict[object, Use] = {}
        # What is left after the last look was most likely more of the same.
        for look in [*looks, replace(looks[-1], now=after.wall, reading=after)]:
            if look.where is not None:
                use = uses.setdefault(look.unit, Use())
                use.add(look, start, is_first=start is account.before)
            start = look.reading
        cpu = after.cpu - account.before.cpu
        others = after.process - account.before.process - cpu
        for use in uses.values():
            is_wait = account.clocks.schedule.is_known and use.is_wait(others)
            self._judge_use(use, is_wait=is_wait)

    def _judge_use(self, use: Use, *, is_wait: bool) -> None:
        limits = self.gate.options
        cpu = use.cpu - use.of_orm * (1 - 1 / _ORM_FACTOR)
        if cpu * 1000 >= limits["cpu_ms"] * _SURELY_CPU * (_TRACED if _is_traced() else 1):
            what = f"a callback used {use.cpu * 1000:.0f} ms of CPU time on the event loop"
            rule = rules.SLOW_CPU
        elif is_wait and use.waited * 1000 >= limits["blocked_ms"] * _SURELY_BLOCKED:
            what = f"a callback blocked the event loop for {use.waited * 1000:.0f} ms"
            rule = rules.SLOW_BLOCKED
        else:
            return
        (where, _), *_ = use.lines.most_common(1)
        self.gate.report(rule, what=what, where=where)

    def _look(self, thread: int, handle: Any) -> tuple[Location | None, object, bool, bool]:
        """Find the user's line that holds the loop, for whom, whether by the ORM, or at start."""
        frame = sys._current_frames().get(thread)
        at_start = frame is not None and is_starting(self.gate, frame, handle._context)
        request = _served_by(handle)
        found: Location | None = None
        outermost: FrameType | None = None
        decided = in_orm = False
        while frame is not None:
            code = frame.f_code
            origin = self.gate.origin(code)
            if origin == "library":
                path = library_path(code.co_filename)
                if path == "asyncio/events.py":
                    break
                if path.startswith(_EXCUSED):
                    return None, None, False, False
                in_orm = in_orm or (not decided and path.startswith(_ORM))
                decided = decided or path.startswith(_FRAMEWORK)
            elif not decided and origin != "gate":
                if origin == "application" or request is not None:
                    found = self.gate.location(code, frame.f_lineno)
                decided = True
            if origin == "application":
                outermost = frame
            frame = frame.f_back
        return found, request or outermost, in_orm, at_start

    def _on_collection(self, moment: str, info: dict[str, int]) -> None:
        account = self._accounts.get(threading.get_ident())
        if account is not None:
            account.clocks.collection(moment)


def _is_traced() -> bool:
    monitoring: Any = getattr(sys, "monitoring", None)
    return sys.gettrace() is not None or (
        monitoring is not None and any(monitoring.get_tool(number) for number in range(6))
    )


def _served_by(handle: Any) -> Request | None:
    context = handle._context
    return context.get(current_request) if context is not None else None
