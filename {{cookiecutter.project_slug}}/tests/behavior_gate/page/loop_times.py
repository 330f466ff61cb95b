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
from weakref import WeakKeyDictionary, WeakSet

from ..asgi import endpoint_of
from ..callers import outwards, public_name, served_by
from ..core import Gate, Request, real_time
from ..on_import import OnImport
from ..patches import Patches
from ..where import FRAMEWORK, library_path

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
        self.loop = weakref.ref(loop)
        self.selector = getattr(loop, "_selector", None)
        self.times = Times()
        self.waits_since: float | None = None
        self.waits_for: Kind = "idle"
        self.callback_began: float | None = None
        self.handle: Any = None
        #: What the watchdog has seen of that callback.
        self.looks: list[tuple[Frame, ...]] = []
        self.begin_run()

    def begin_run(self) -> None:
        """The loop runs, in this thread, from this moment on."""
        self.thread = threading.get_ident()
        # Another one than the loop's may run in its place, as SQLAlchemy has it.
        self.greenlet = weakref.ref(_greenlet.getcurrent()) if _greenlet else lambda: None
        self.runs_since: float | None = real_time()

    def end_run(self) -> None:
        if self.runs_since is not None:
            self.times.runs.append((self.runs_since, real_time()))
            self.runs_since = None

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
        #: Also those of loops that are gone, until they are told of.
        self._all: list[Track] = []
        self._patches = Patches(gate, "what the event loop waits for")
        self._on_import = OnImport([_THREADS], self._watch_threads)
        #: The calls that the loops wait for. One token each, as several threads add theirs.
        self._calls: dict[Kind, set[object]] = {"database": set(), "thread": set()}
        # Weak, for an exception that nobody sees is found when its future is gone.
        self._jobs: WeakSet[Any] = WeakSet()

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
        times = [track.take() for track in self._all]
        self._all = [track for track in self._all if track.loop() is not None]
        return [one for one in times if one.runs]

    def sample(self) -> None:
        """Look, from the watchdog's thread, at the callbacks that take long."""
        now = real_time()
        for track in self._all:
            began, handle = track.callback_began, track.handle
            if began is None or now - began < _LOOK_S:
                continue
            frames = outwards(sys._current_frames().get(track.thread), track.greenlet())
            seen = lines_of_user(self.gate, frames, served_by(handle))
            if track.callback_began == began:
                track.looks.append(seen)

    @contextmanager
    def waiting(self, kind: Kind) -> Iterator[None]:
        """Tell what the loop waits for while it has nothing to do."""
        token = object()
        self._calls[kind].add(token)
        try:
            yield
        finally:
            self._calls[kind].discard(token)

    def _follow(self, loop: Any) -> Track:
        track = self._tracks[loop] = Track(loop)
        self._all.append(track)
        return track

    def _waits_for(self) -> Kind:
        if self._calls["database"]:
            return "database"
        is_working = self._calls["thread"] or any(not job.done() for job in list(self._jobs))
        return "thread" if is_working else "idle"

    def _run_forever(self, original: Callable[..., None]) -> Callable[..., None]:
        def run_forever(loop: Any) -> None:
            __tracebackhide__ = True
            track = self._tracks.get(loop)
            if track is not None:
                track.begin_run()
            elif self.gate.is_watched(loop):
                self._follow(loop)
            try:
                original(loop)
            finally:
                track = self._tracks.get(loop)
                if track is not None:
                    track.end_run()

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
            loop = handle._loop
            track = tracks.get(loop)
            if track is None:
                # A portal is known as one once it runs.
                if not self.gate.is_watched(loop):
                    return original(handle)
                track = self._follow(loop)
            track.handle = handle
            began = track.callback_began = real_time()
            try:
                original(handle)
            finally:
                track.callback_began = None
                took = real_time() - began
                if took > _HOLD_S:
                    looks, track.looks = track.looks, []
                    seen = Counter(looks).most_common(1)
                    track.times.holds.append(Hold(began, took, seen[0][0] if seen else ()))

        return _run

    def _run_in_executor(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def run_in_executor(*args: Any, **kwargs: Any) -> Any:
            job = original(*args, **kwargs)
            self._jobs.add(job)
            return job

        return run_in_executor

    def _watch_threads(self, module: str) -> None:
        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            async def run_sync(*args: Any, **kwargs: Any) -> Any:
                with self.waiting("thread"):
                    return await original(*args, **kwargs)

            return run_sync

        self._patches.replace(sys.modules[module], "run_sync", wrap)


def lines_of_user(
    gate: Gate, frames: Iterator[FrameType], request: Request | None = None
) -> tuple[Frame, ...]:
    """The lines of the application and the tests on a stack, from the innermost call outwards.

    What the framework does for a request comes first, at the endpoint of that.
    """
    found: list[Frame] = []
    library = None
    for frame in frames:
        path = library_path(frame.f_code.co_filename)
        if request is not None and not found and path.startswith(FRAMEWORK):
            where = endpoint_of(gate, request)
            if where is not None:
                inside = f"{where.function}, in {public_name(library or frame)}()"
                found.append((where.path, where.line, inside))
            request = None
        library = frame
        if gate.origin(frame.f_code) in ("application", "test"):
            where = gate.location(frame.f_code, frame.f_lineno)
            found.append((where.path, where.line, where.function))
            if len(found) == _FRAMES:
                break
    return tuple(found)
