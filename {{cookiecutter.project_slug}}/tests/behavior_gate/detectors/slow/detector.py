"""A callback that holds the event loop: by CPU time and by blocked time, never by wall clock."""

from __future__ import annotations

import gc
import threading
import weakref
from asyncio import AbstractEventLoop, events
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from types import FrameType
from typing import Any

from ... import rules
from ...asgi import Observer, endpoint_of, subscribe, unsubscribe
from ...callers import is_of_test, is_starting, public_name, served_by
from ...clocks import Schedule
from ...core import (
    Detector,
    Finding,
    Gate,
    Option,
    Phase,
    Request,
    real_time,
)
from ...excused import describes_error, excuse, has_told_since, is_told
from ...loading import loader_in
from ...patches import Patches
from ...where import FRAMEWORK, ROUTING, Location, is_python, library_path
from .accounts import Account, Look, Use, is_traced

#: A callback is worth a look at its stack from here on.
_SUSPICIOUS_S = 0.005
#: Who is let in has looked before it wakes up so often.
_IN_VAIN = 2
#: The clocks are read at most this often.
_READING_S = 0.002
#: A finding needs so many times the limit, and below that nothing is said: on a busy machine the
#: same code takes up to 1.4 times the CPU time, and waits for some milliseconds more.
_SURELY_CPU = 1.45
_SURELY_BLOCKED = 1.3
#: Coverage makes Python code about this much dearer.
_TRACED = 2

#: A thousand rows through the ORM at once are no defect: below it a callback may take more.
_ORM = "sqlalchemy/"
_ORM_FACTOR = 4
#: It waits until the new thread runs, which takes as long as the machine is busy.
_STARTS_THREAD = threading.Thread.start.__code__
#: What a look finds: the fields of `Look` up to the moment.
Sight = tuple[Location | None, str, object, bool, weakref.ref[Any] | None, bool]
#: What reads the request for an endpoint, and makes a response of its result.
_OWN = ("fastapi/", "starlette/", "pydantic/")


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
        self._patches = Patches(gate, "slow")
        self._least = min(gate.options["cpu_ms"], gate.options["blocked_ms"]) / 1000
        #: By thread.
        self._accounts: dict[int, Account] = {}
        self._watchdog: Schedule | None = None
        self._wakes = 0
        #: What took long, and the objects that loaded a file meanwhile.
        self._by_loaders: list[tuple[Finding, list[weakref.ref[Any]]]] = []

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
            if handle is None or now - began < min(_SUSPICIOUS_S, self._least):
                continue
            seen = self._look(account, handle)
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
            if now - account.before.wall > _READING_S:
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
            was_told = has_told_since(account.clocks.thread, account.began)
            if ended is not None and not account.looks and not was_told and self._is_kept_out():
                # A call that let no other thread run was over before anybody could look.
                where = endpoint_of(self.gate, ended)
                reading = account.clocks.read()
                seen: Sight = (where, "", ended, False, None, False)
                account.looks.append(Look(*seen, account.began, reading.wall, 0, reading))
            self._judge(account)
        account.looks.clear()
        account.before = account.clocks.read()
        account.began = account.before.wall

    def _is_kept_out(self) -> bool:
        """Whether the watchdog has woken up to look, and was not let in."""
        if self._watchdog is None or not self._watchdog.is_known:
            return True
        try:
            return self._watchdog.read()[1] - self._wakes > _IN_VAIN
        except OSError:
            return False  # It has ended: nobody knows what it would have seen.

    def _judge(self, account: Account) -> None:
        phase = self.gate.phase
        looks = [look for look in account.looks if look.began == account.began]
        if not looks or phase is None or phase.debugged or phase.stopped:
            return
        start, after = account.before, account.clocks.read()
        uses: dict[object, Use] = {}
        if not has_told_since(account.clocks.thread, looks[-1].now):
            # What is left after the last look was most likely more of the same.
            looks.append(replace(looks[-1], now=after.wall, reading=after))
        for look in looks:
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
        limit = limits["cpu_ms"] * _SURELY_CPU * (_TRACED if is_traced() else 1) / 1000
        if cpu >= limit:
            what = f"a callback used {use.cpu * 1000:.0f} ms of CPU time on the event loop"
            rule = rules.SLOW_CPU
        elif is_wait and use.waited * 1000 >= limits["blocked_ms"] * _SURELY_BLOCKED:
            what = f"a callback blocked the event loop for {use.waited * 1000:.0f} ms"
            rule = rules.SLOW_BLOCKED
        else:
            return
        ((where, inside), _), *_ = use.lines.most_common(1)
        if inside:
            what = f"{what}, in {inside}()"
        if rule is rules.SLOW_CPU and cpu - use.of_loaders < limit:
            self._by_loaders.append((Finding(rule, what, where), use.loaders))
        else:
            self.gate.report(rule, what=what, where=where)

    def end(self, phase: Phase) -> None:
        """Report what was loaded for an object that is gone: the next request loads it again."""
        by_loaders, self._by_loaders = self._by_loaders, []
        if by_loaders:
            gc.collect()
        for finding, loaders in by_loaders:
            if any(loader() is None for loader in loaders):
                self.gate.report(finding.rule, what=finding.what, where=finding.where)

    def _look(self, account: Account, handle: Any) -> Sight:
        """Find the user's line that holds the loop, for whom, by what, and whether at start."""
        nothing: Sight = (None, "", None, False, None, False)
        frames = list(account.frames())
        if is_of_test(self.gate, frames, handle._context):
            return nothing
        at_start = is_starting(self.gate, frames, handle._context)
        request = served_by(handle)
        found: Location | None = None
        inside = ""
        outermost = library = None
        loader: weakref.ref[Any] | None = None
        decided = in_orm = False
        for frame in frames:
            code = frame.f_code
            origin = self.gate.origin(code)
            if origin == "library":
                path = library_path(code.co_filename)
                if (
                    code is _STARTS_THREAD
                    or describes_error(code)
                    or excuse(rules.SLOW_CPU, code.co_filename, code.co_name)
                ):
                    return nothing
                in_orm = in_orm or (not decided and path.startswith(_ORM))
                loader = loader or (None if decided else loader_in(code))
                if not decided and path.startswith(FRAMEWORK):
                    decided = True
                    inner = library or frame
                    if request and path in ROUTING and _is_the_frameworks(inner):
                        found, inside = endpoint_of(self.gate, request), public_name(inner)
                library = frame
            elif is_told(code):
                return nothing
            elif not decided and origin != "gate":
                if origin == "application" or request is not None:
                    found = self.gate.location(code, frame.f_lineno)
                decided = True
            if origin == "application":
                outermost = frame
        return found, inside, request or outermost, in_orm, loader, at_start

    def _on_collection(self, moment: str, info: dict[str, int]) -> None:
        account = self._accounts.get(threading.get_ident())
        if account is not None:
            account.clocks.collection(moment)


def _is_the_frameworks(frame: FrameType) -> bool:
    """Whether a framework works for an endpoint, and not a library that has hooked into it."""
    filename = frame.f_code.co_filename
    return is_python(filename) or library_path(filename).startswith(_OWN)
