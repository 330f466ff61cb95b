"""Threads, processes and timers: what each is called, whether it is left, and how to end it."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...children import is_reaped
from ...where import Location


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """What a line of the user has started, and has to end."""

    where: Location
    #: What it is, as long as it has not ended.
    left: Callable[[], str | None]
    end: Callable[[], None]
    #: The loop without which it can't be ended.
    loop: asyncio.AbstractEventLoop | None = None
    #: To close that loop ends it.
    ends_with_loop: bool = False


def title(thread: Any) -> str:
    """Describe a thread, or a process of `multiprocessing`, which is alike."""
    kind = "process" if hasattr(thread, "terminate") else "thread"
    if isinstance(thread, threading.Timer):
        kind = "timer"
    target = getattr(thread, "function", None) or getattr(thread, "_target", None)
    return f"{kind} {type(thread).__name__ if target is None else _name(target)}"


def thread_of(thread: Any, name: str, where: Location) -> Thing:
    def left() -> str | None:
        return f"{name} was still running when the test was over" if _runs(thread) else None

    def end() -> None:
        # A thread can't be ended.
        getattr(thread, "kill", getattr(thread, "cancel", lambda: None))()

    return Thing(where, left, end)


def _runs(thread: Any) -> bool:
    if not hasattr(type(thread), "sentinel"):
        return bool(thread.is_alive())
    from multiprocessing.connection import wait

    # Whoever has waited for a process by its number alone has not told `is_alive()`.
    sentinel = getattr(thread, "_sentinel", None)
    return sentinel is not None and not wait([sentinel], 0)


def process_of(
    process: subprocess.Popen[Any], loop: asyncio.AbstractEventLoop | None, where: Location
) -> Thing:
    # One that is dropped warns by itself.
    kept = weakref.ref(process)
    command: Any = process.args if isinstance(process.args, str | bytes) else process.args[0]  # type: ignore[index]
    words = os.fsdecode(command).split(maxsplit=1)
    name = os.path.basename(words[0]) if words else "?"

    def left() -> str | None:
        process = kept()
        if process is None or process.returncode is not None or is_reaped(process.pid):
            return None
        return f"process {name!r} had not been waited for when the test was over"

    def end() -> None:
        process = kept()
        if process is not None:
            process.kill()
            if loop is None or loop.is_closed():
                process.wait()

    return Thing(where, left, end, loop)


def timer_of(
    handle: asyncio.TimerHandle, loop: asyncio.AbstractEventLoop, where: Location
) -> Thing:
    name = _name(getattr(handle, "_callback", None))

    def left() -> str | None:
        if handle.cancelled() or handle.when() <= loop.time():
            return None
        return f"timer {name} was still scheduled when the test was over"

    return Thing(where, left, handle.cancel)


def _name(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", None) or f"{type(function).__qualname__}.__call__"
    return f"{name}()".replace(".<locals>", "")
