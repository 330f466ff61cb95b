"""What other threads do, seen from that of the watchdog."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from types import FrameType
from typing import Any

from .where import library_path


def frames_of(thread: int) -> Iterator[FrameType]:
    """The frames of a thread, the innermost first."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_in(thread: int, paths: tuple[str, ...]) -> bool:
    """Whether a thread runs code of one of some modules, or was called by it."""
    return any(library_path(frame.f_code.co_filename) in paths for frame in frames_of(thread))


def waits_for_nobody(thread: int) -> bool:
    """Whether a thread waits for a portal of anyio whose event loop has ended."""
    alive = sys._current_frames()
    for frame in frames_of(thread):
        if library_path(frame.f_code.co_filename) == "anyio/from_thread.py":
            portal: Any = frame.f_locals.get("self")
            if hasattr(portal, "_event_loop_thread_id"):
                # A portal that has stopped has none.
                return portal._event_loop_thread_id not in alive
    return False


def release(thread: int, error: BaseException) -> None:
    """Raise an error in a thread that waits for what does not come any more."""
    for frame in frames_of(thread):
        if library_path(frame.f_code.co_filename) == "concurrent/futures/_base.py":
            variables = frame.f_locals
            for future in (variables.get("self"), *variables.get("fs", ())):
                if isinstance(future, Future):
                    with suppress(InvalidStateError):
                        future.set_exception(error)
