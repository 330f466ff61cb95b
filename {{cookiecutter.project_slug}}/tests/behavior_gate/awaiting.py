"""Where a task that waits stands."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .core import Gate
from .where import ROUTING, Location, library_path


def waits_at(gate: Gate, task: asyncio.Task[Any]) -> tuple[Location | None, str]:
    """Where a task stands: the innermost line of the user, and what it waits for below that."""
    of_test: Location | None = None
    of_application: Location | None = None
    inner = ""
    for frame in _frames(task):
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


def _frames(task: asyncio.Task[Any]) -> Iterator[FrameType]:
    """Yield the frames of a task from its coroutine inwards."""
    coroutine: Any = task.get_coro()
    if getattr(coroutine, "cr_running", False):
        # Another thread asks: one that the task has just started, before it came to its `await`.
        frame = sys._current_frames().get(getattr(task.get_loop(), "_thread_id", 0))
        frames = []
        while frame is not None:
            frames.append(frame)
            if frame is coroutine.cr_frame:
                yield from reversed(frames)
                return
            frame = frame.f_back
    yield from awaiting(coroutine)


def awaiting(awaitable: Any) -> Iterator[FrameType]:
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


def current_task() -> asyncio.Task[Any] | None:
    """The running task, or None in a thread without a loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def runs_endpoint(task: asyncio.Task[Any]) -> bool:
    """Whether a task runs an endpoint, and not only waits for one that does."""
    for frame in awaiting(task.get_coro()):
        if library_path(frame.f_code.co_filename) in ROUTING:
            scope = frame.f_locals.get("scope")
            return isinstance(scope, dict) and scope.get("type") != "lifespan"
    return False
