"""What a test leaves behind, beside its tasks: threads, processes, timers, signal handlers."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import FrameType
from typing import Any
from weakref import WeakSet

from ... import rules
from ...asgi import here
from ...callers import is_import, outwards
from ...cases import in_wide_fixture
from ...core import Finding, Gate, real_time
from ...loops import cycles, run
from ...on_import import OnImport
from ...patches import Patches
from ...where import Location, is_python, library_path
from .things import Thing, process_of, thread_of, timer_of, title

#: How long what is about to end may take to do so, in seconds.
_PATIENCE_S = 0.2
_POLL_S = 0.01


@dataclass(slots=True)
class Handler:
    """The handler of a signal that the user has set."""

    before: Any
    set_to: Any = None


class LeftBehind:
    """Keeps what the lines of a test and of its application start, and judges what is left."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._patches = Patches(gate, "what a test leaves behind")
        self._processes = OnImport(("multiprocessing.process",), self._watch_processes)
        self._things: list[Thing] = []
        self._handlers: dict[int, Handler] = {}
        #: Threads that are daemons only because one has made them, such as that of a TestClient.
        self._heirs: WeakSet[threading.Thread] = WeakSet()

    def install(self) -> None:
        loop = asyncio.BaseEventLoop
        self._patches.replace(threading.Thread, "__init__", self._create)
        self._patches.replace(threading.Thread, "daemon", self._set_daemon)
        self._patches.replace(threading.Thread, "start", self._start)
        self._patches.replace(subprocess.Popen, "__init__", self._open)
        self._patches.replace(loop, "call_later", self._schedule)
        self._patches.replace(loop, "call_at", self._schedule)
        self._patches.replace(signal, "signal", self._set_handler)
        self._patches.replace(asyncio.SelectorEventLoop, "add_signal_handler", self._add_handler)
        self._processes.install()

    def uninstall(self) -> None:
        self._processes.uninstall()
        self._patches.restore()

    def judge(self, loops: list[asyncio.AbstractEventLoop], *, silently: bool) -> None:
        """Report what is left, and end it as far as that goes. The loops stand still."""
        self._judge(self._things, loops, silently=silently)
        self._handlers.clear()

    def judge_closing(self, loop: asyncio.AbstractEventLoop, *, silently: bool) -> None:
        """Do the same before a loop is closed, which may do so in the middle of a test."""
        in_test = self._gate.phase is not None and self._gate.phase.when == "call"
        things = [
            thing
            for thing in self._things
            if thing.loop is loop and not (thing.ends_with_loop and in_test)
        ]
        self._judge(things, [loop], silently=silently)

    def _judge(
        self, things: list[Thing], loops: list[asyncio.AbstractEventLoop], *, silently: bool
    ) -> None:
        self._things = [thing for thing in self._things if thing not in things]
        ended = []
        for thing in self._left(loops, things):
            finding = Finding(rules.LEFT_BEHIND, thing.left() or "", thing.where)
            if finding.what and not silently:
                self._gate.report(finding.rule, what=finding.what, where=finding.where)
            if silently or self._gate.fails(finding):
                thing.end()
                ended.append(thing)
        self._left(loops, ended)

    def _left(self, loops: list[asyncio.AbstractEventLoop], things: list[Thing]) -> list[Thing]:
        """Let things end. Returns those that do not."""
        deadline = real_time() + _PATIENCE_S
        while things := [thing for thing in things if thing.left()]:
            if real_time() > deadline:
                break
            time.sleep(_POLL_S)
            for loop in loops:
                run(loop, cycles(loop))
        return things

    def _place(self, frame: FrameType | None) -> Location | None:
        """Name a line of the user that starts something, unless that is to outlive the test."""
        while frame is not None and self._gate.origin(frame.f_code) == "gate":
            # Another detector watches the same call.
            frame = frame.f_back
        if frame is None or self._gate.phase is None or in_wide_fixture.get():
            return None
        code = frame.f_code
        if self._gate.origin(code) not in ("application", "test"):
            return None
        # What a module starts when it is imported, it starts once.
        if any(is_import(outer.f_code) for outer in outwards(frame)):
            return None
        return self._gate.location(code, frame.f_lineno)

    def _place_of_process(self, frame: FrameType) -> Location | None:
        """Name a line that starts a process, also through Python's own helpers and anyio's."""
        for outer in outwards(frame):
            filename = outer.f_code.co_filename
            origin = self._gate.origins[filename]
            if origin in ("application", "test"):
                return self._place(outer)
            is_helper = is_python(filename) or library_path(filename).startswith("anyio/")
            if origin == "library" and not is_helper:
                return None
        # A task or thread of its own, such as that of `asyncio.to_thread(subprocess.Popen, ...)`.
        wide = self._gate.phase is None or in_wide_fixture.get()
        return None if wide else here(self._gate)

    def _watch_processes(self, module: str) -> None:
        self._patches.replace(sys.modules[module].BaseProcess, "start", self._start)

    def _create(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def __init__(thread: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            original(thread, *args, **kwargs)
            if thread.daemon and kwargs.get("daemon") is None:
                self._heirs.add(thread)

        return __init__

    def _set_daemon(self, original: property) -> property:
        set_by: Any = original.fset

        def set_daemon(thread: Any, daemon: object) -> None:
            self._heirs.discard(thread)
            set_by(thread, daemon)

        return original.setter(set_daemon)

    def _start(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def start(thread: Any) -> None:
            # Whoever has been started forgets what for.
            name = title(thread)
            original(thread)
            stays = thread.daemon and thread not in self._heirs
            where = None if stays else self._place(sys._getframe(1))
            if where is not None:
                self._things.append(thread_of(thread, name, where))

        return start

    def _open(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def __init__(process: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            original(process, *args, **kwargs)
            frame = sys._getframe(1)
            where = self._place_of_process(frame)
            if where is not None:
                of_asyncio = library_path(frame.f_code.co_filename).startswith("asyncio/")
                loop = asyncio.get_running_loop() if of_asyncio else None
                self._things.append(process_of(process, loop, where))

        return __init__

    def _schedule(
        self, original: Callable[..., asyncio.TimerHandle]
    ) -> Callable[..., asyncio.TimerHandle]:
        gate = self._gate

        def schedule(loop: Any, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:
            handle = original(loop, *args, **kwargs)
            if gate.is_watched(loop):
                where = self._place(sys._getframe(1))
                if where is not None:
                    self._things.append(timer_of(handle, loop, where))
            return handle

        return schedule

    def _set_handler(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def set_handler(number: int, handler: Any) -> Any:
            before = original(number, handler)
            self._note_handler(number, before, self._place(sys._getframe(1)))
            return before

        return set_handler

    def _add_handler(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def add_handler(loop: Any, number: int, *args: Any) -> None:
            before = signal.getsignal(number)
            original(loop, number, *args)
            self._note_handler(number, before, self._place(sys._getframe(1)), loop)

        return add_handler

    def _note_handler(
        self,
        number: int,
        before: Any,
        where: Location | None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if where is None:
            return
        handler = self._handlers.setdefault(number, Handler(before))
        mine = handler.set_to = signal.getsignal(number)

        def left() -> str | None:
            # One that was set later counts for this one, and so does the one from before the test.
            if signal.getsignal(number) != mine or mine in (handler.before, signal.SIG_DFL):
                return None
            name = signal.Signals(number).name
            return f"the handler of {name} was still installed when the test was over"

        def end() -> None:
            if loop is not None:
                loop.remove_signal_handler(number)
            signal.signal(number, handler.before or signal.SIG_DFL)

        self._things.append(Thing(where, left, end, loop, ends_with_loop=True))
