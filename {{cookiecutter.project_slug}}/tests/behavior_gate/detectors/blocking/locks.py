"""The locks of threads, which nearly everything uses and nearly nothing waits for."""

from __future__ import annotations

import _thread
import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from ... import rules
from ...core import Gate
from ...where import library_path
from .attributes import Attributes
from .calls import Call

#: A wait is worth a word from here on: what a library does inside may take longer, on a busy
#: machine, than what the user's code waits for.
USERS_GRACE_S = 0.001
LIBRARYS_GRACE_S = 0.02

#: A wait without end is made in steps of so many seconds, so that a hang can be broken off.
_STEP_S = 0.2

#: What the user's code waits by.
WAITING = {"threading.py", "queue.py", "concurrent/futures/_base.py"}

#: Makes a call from a frame, unless it may not be made.
Make = Callable[[Call, FrameType, Callable[..., Any], tuple[Any, ...]], Any]


def watch_locks(
    gate: Gate, attributes: Attributes, is_watching: Callable[[], bool], make: Make
) -> None:
    """Have each wait for a lock judged that is not over at once."""

    def replace(cls: Any, name: str) -> None:
        original = cls.acquire
        call = Call(
            "threading",
            f"{name}.acquire",
            rules.BLOCKING_LOCK,
            endless=lambda _, timeout: timeout < 0,
        )

        def wait(lock: Any, timeout: float) -> Any:
            if timeout >= 0:
                return original(lock, True, timeout)
            while not original(lock, True, _STEP_S):
                pass
            return True

        @functools.wraps(original)
        def acquire(lock: Any, blocking: bool = True, timeout: float = -1) -> Any:
            __tracebackhide__ = True
            if original(lock, False):
                return True
            if not blocking or timeout == 0:
                return False
            if not is_watching():
                return original(lock, blocking, timeout)
            frame = sys._getframe(1)
            grace_s = LIBRARYS_GRACE_S if _is_librarys_own(gate, frame) else USERS_GRACE_S
            brief_s = grace_s if timeout < 0 else min(timeout, grace_s)
            if original(lock, True, brief_s):
                return True
            if brief_s == timeout:
                return False
            return make(call, frame, wait, (lock, timeout))

        @functools.wraps(cls.__enter__)
        def enter(lock: Any) -> Any:
            __tracebackhide__ = True
            return acquire(lock)

        attributes.replace(cls, "__enter__", cls.__enter__, enter)
        attributes.replace(cls, "acquire", original, acquire)

    replace(_thread.LockType, "Lock")
    replace(_thread.RLock, "RLock")


def _is_librarys_own(gate: Gate, frame: FrameType | None) -> bool:
    """Whether a library takes a lock for itself, and the user's code does not wait for anything."""
    while frame is not None:
        code = frame.f_code
        origin = gate.origin(code)
        if origin == "library":
            path = library_path(code.co_filename)
            if path not in WAITING or (path, code.co_name) == ("threading.py", "start"):
                return True
        elif origin != "gate":
            return False
        frame = frame.f_back
    return True
