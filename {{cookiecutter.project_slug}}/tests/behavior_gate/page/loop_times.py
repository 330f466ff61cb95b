"""What the event loops of the tests do with their time: they are held, or wait for something."""

from __future__ import annotations

import asyncio
import importlib
import selectors
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import FrameType
from typing import Any, Literal
from weakref import WeakKeyDictionary

from ..callers import outwards
from ..core import Gate, real_time
from ..on_import import OnImport
from ..patches import Patches

_greenlet: Any = importlib.import_module("greenlet") if find_spec("greenlet") else None

Kind = Literal["idle", "database", "thread"]
#: A line of the user on a stack: path, line, function.
Frame = tuple[str, int, str]

#: A callback that takes longer is a hold to be listed, and from the second one on worth a look.
_HOLD_S = 0.002
_LOOK_S = 0.005
#: So many lines of a stack are kept, from the innermost call outwards.
_FRAMES = 12
_THREADS = "anyio.to_thread"


@dataclass(slots=True)
class Hold:
    """One callback that took long, by when it began and how long it took, in seconds."""

    began: float
    took: float
    stack: tuple[Frame, ...] = ()


@dataclass(slots=True)
class Times:
    """What one loop did: when it ran, and in between waited for what."""

    runs: list[tuple[float, float]] = field(default_factory=list)
    waits: list[tuple[float, float, Kind]] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)


class Track:
    """Follows one loop. Its own thread writes, that of the tests and the watchdog's read."""

    def __init__(self, loop: Any) -> None:
        self.selector = getattr(loop, "_selector", None)
        self.thread = 0
        self.greenlet: Callable[[], Any] = lambda: None
        self.times = Times()
        self.runs_since: float | None = None
        self.waits_since: float | None = None
        self.waits_for: Kind = "idle"
        self.callback_began: float | None = None
        self.looks: Counter[tuple[Frame, ...]] = Counter()

    def take(self) -> Times:
        """Hand over what was recorded, up to this moment."""
        now = real_time()
        taken, self.times = self.times, Times()
        if self.waits_since is not None:
            taken.waits.append((self.waits_since, now, self.waits_for))
            self.waits_since = now
        if self.runs_since is not None:
            taken.runs.append((self.runs_since, now))
            self.runs_since = now
        return taken


class LoopTimes:
    """Records the loops on which tests run, or on which an application is served to them."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._tracks: WeakKeyDictionary[Any, Track] = WeakKeyDictionary()
        self._patches = Patches(gate, "what the event loop waits for")
        self._on_import = OnImport([_THREADS], self._watch_threads)
        #: What the loops wait for: calls of the database, and of threads.
        self._calls: Counter[Kind] = Counter()
        self._jobs: list[Any] = []

    def install(self) -> None:
        loop = asyncio.BaseEventLoop
        self._patches.replace(loop, "run_forever", self._run_forever)
        self._patches.replace(loop, "run_in_executor", self._run_in_executor)
        self._patches.replace(asyncio.Handle, "_run", self._run)
        if sys.platform == "win32":
            self._patches.replace(asyncio.IocpProactor, "select", self._select)
        self._patches.replace(selectors.DefaultSelector, "select", self._select)
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()

    def take(self) -> list[Times]:
        """What each loop did since this was last asked, without those that did nothing."""
        times = [track.take() for track in list(self._tracks.values())]
        return [one for one in times if one.runs]

    def sample(self) -> None:
        """Look, from the watchdog's thread, at the callbacks that take long."""
        now = real_time()
        for track in list(self._tracks.values()):
            began = track.callback_began
            if began is None or now - began < _LOOK_S:
                continue
            frames = outwards(sys._current_frames().get(track.thread), track.greenlet())
            seen = lines_of_user(self.gate, frames)
            if track.callback_began == began:
                track.looks[seen] += 1

    @contextmanager
    def waiting(self, kind: Kind) -> Iterator[None]:
        """Tell what the loop waits for while it has nothing to do."""
        self._calls[kind] += 1
        try:
            yield
        finally:
            self._calls[kind] -= 1

    def _waits_for(self) -> Kind:
        if self._calls["database"]:
            return "database"
        if self._jobs:
            self._jobs = [job for job in self._jobs if not job.done()]
        return "thread" if self._jobs or self._calls["thread"] else "idle"

    def _run_forever(self, original: Callable[..., None]) -> Callable[..., None]:
        def run_forever(loop: Any) -> None:
            __tracebackhide__ = True
            if not self.gate.is_watched(loop):
                return original(loop)
            track = self._tracks.get(loop)
            if track is None:
                track = self._tracks[loop] = Track(loop)
            track.thread = threading.get_ident()
            if _greenlet is not None:
                track.greenlet = weakref.ref(_greenlet.getcurrent())
            track.runs_since = real_time()
            try:
                original(loop)
            finally:
                track.times.runs.append((track.runs_since, real_time()))
                track.runs_since = None

        return run_forever

    def _select(self, original: Callable[..., Any]) -> Callable[..., Any]:
        tracks = self._tracks

        def select(selector: Any, timeout: float | None = None) -> Any:
            # Without time to wait, it only asks for what has come in.
            if timeout is not None and timeout <= 0:
                return original(selector, timeout)
            loop: Any = asyncio._get_running_loop()
            track = tracks.get(loop) if loop is not None else None
            if track is None or track.selector is not selector:
                return original(selector, timeout)
            track.waits_for, track.waits_since = self._waits_for(), real_time()
            try:
                return original(selector, timeout)
            finally:
                track.times.waits.append((track.waits_since, real_time(), track.waits_for))
                track.waits_since = None

        return select

    def _run(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        tracks = self._tracks

        def _run(handle: Any) -> None:
            track = tracks.get(handle._loop)
            if track is None:
                return original(handle)
            began = track.callback_began = real_time()
            try:
                original(handle)
            finally:
                track.callback_began = None
                took = real_time() - began
                if took > _HOLD_S:
                    stack = track.looks.most_common(1)[0][0] if track.looks else ()
                    track.times.holds.append(Hold(began, took, stack))
                    track.looks.clear()

        return _run

    def _run_in_executor(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def run_in_executor(*args: Any, **kwargs: Any) -> Any:
            job = original(*args, **kwargs)
            self._jobs.append(job)
            return job

        return run_in_executor

    def _watch_threads(self, module: str) -> None:
        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            async def run_sync(*args: Any, **kwargs: Any) -> Any:
                with self.waiting("thread"):
                    return await original(*args, **kwargs)

            return run_sync

        self._patches.replace(sys.modules[module], "run_sync", wrap)


def lines_of_user(gate: Gate, frames: Iterator[FrameType]) -> tuple[Frame, ...]:
    """The lines of the application and the tests on a stack, from the innermost call outwards."""
    found: list[Frame] = []
    for frame in frames:
        if gate.origin(frame.f_code) in ("application", "test"):
            where = gate.location(frame.f_code, frame.f_lineno)
            found.append((where.path, where.line, where.function))
            if len(found) == _FRAMES:
                break
    return tuple(found)
