"""Notes where the user gives a function to the event loop in which no code of the user runs."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from types import FrameType
from typing import Any

from ...core import Gate
from ...where import Location, library_path
from .attributes import Attributes

#: Where the user has scheduled the running callback or task.
scheduled_at: ContextVar[Location | None] = ContextVar("scheduled_at", default=None)

#: The methods that schedule something, and which of their arguments that is.
_METHODS: tuple[tuple[type, str, int], ...] = (
    (asyncio.BaseEventLoop, "call_soon", 0),
    (asyncio.BaseEventLoop, "call_soon_threadsafe", 0),
    (asyncio.BaseEventLoop, "call_later", 1),
    (asyncio.BaseEventLoop, "call_at", 1),
    (asyncio.BaseEventLoop, "create_task", 0),
    (asyncio.SelectorEventLoop, "add_reader", 1),
    (asyncio.SelectorEventLoop, "add_writer", 1),
    (asyncio.SelectorEventLoop, "add_signal_handler", 1),
    (asyncio.Future, "add_done_callback", 0),
    (asyncio.Task, "add_done_callback", 0),
)
#: What passes a coroutine on to `create_task`.
_PASSES_ON = ("asyncio/", "anyio/")


def watch_scheduling(gate: Gate, attributes: Attributes) -> None:
    """Have what is scheduled run in a context that tells where."""
    for owner, name, position in _METHODS:
        original = getattr(owner, name)
        noted = _noted(gate, original, position, is_passed_on=name == "create_task")
        attributes.replace(owner, name, original, noted)


def _noted(
    gate: Gate, original: Callable[..., Any], position: int, *, is_passed_on: bool
) -> Callable[..., Any]:
    origins = gate.origins

    @functools.wraps(original)
    def schedule(owner: Any, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        # Nearly always a library schedules something, or the user code of their own.
        if not is_passed_on and origins[frame.f_code.co_filename] == "library":
            return original(owner, *args, **kwargs)
        # Who brings a context along may look at what the callback leaves there.
        if len(args) <= position or kwargs.get("context") is not None:
            return original(owner, *args, **kwargs)
        if _is_users(gate, args[position]):
            return original(owner, *args, **kwargs)
        scheduler = _scheduler(gate, frame, is_passed_on)
        if scheduler is None:
            return original(owner, *args, **kwargs)
        context = copy_context()
        context.run(scheduled_at.set, gate.location(scheduler.f_code, scheduler.f_lineno))
        return context.run(original, owner, *args, **kwargs)

    return schedule


def _scheduler(gate: Gate, frame: FrameType | None, is_passed_on: bool) -> FrameType | None:
    """Find the user's frame that schedules something by itself."""
    while frame is not None:
        origin = gate.origin(frame.f_code)
        if origin in ("application", "test"):
            return frame
        if origin == "library" and not (
            is_passed_on and library_path(frame.f_code.co_filename).startswith(_PASSES_ON)
        ):
            return None
        frame = frame.f_back
    return None


def _is_users(gate: Gate, function: Any) -> bool:
    """Whether a function or coroutine is the user's code, which is found when it runs."""
    code = getattr(function, "cr_code", None)
    if code is None:
        while isinstance(function, functools.partial):
            function = function.func
        function = getattr(function, "__func__", function)
        code = getattr(function, "__code__", None)
    return code is not None and gate.origin(code) in ("application", "test")
