"""Whether a test says that a request fails: it raises the error itself, or catches it."""

from __future__ import annotations

import asyncio
import weakref
from traceback import walk_tb
from types import CodeType

from .asgi import WATCHES
from .core import Gate
from .errors import chain
from .where import library_path


def is_raised_by_test(gate: Gate, error: BaseException | None) -> bool:
    """Whether test code has raised an error or what it was made of, perhaps through a mock."""
    link = next(chain(error), None)
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        *_, code = (None, *(frame.f_code for frame, _ in walk_tb(link.__traceback__)))
        if code is not None and (
            gate.origin(code) == "test" or library_path(code.co_filename) == "unittest/mock.py"
        ):
            return True
        link = link.__cause__
    return False


class Escape:
    """An error that leaves the application, on its way to a test that may catch it."""

    def __init__(self, gate: Gate, error: BaseException) -> None:
        self._gate = gate
        self._error = error
        self._was_caught = False
        self._task: weakref.ref[asyncio.Task[object]] | None = None
        self._root: CodeType | None = None
        task = asyncio.current_task() if asyncio._get_running_loop() is not None else None
        # Whoever examines the result of another task gets the error; else nobody has seen it.
        if task is not None and task is not gate.main_task:
            # Not kept alive: that would delay what Python says of an error nobody retrieves.
            self._task = weakref.ref(task)
            self._root = getattr(task.get_coro(), "cr_code", None)

    def take_note(self, caught: BaseException) -> None:
        """A test has caught an error, or one that it led to."""
        self._was_caught |= caught is self._error

    def was_caught(self) -> bool:
        """Whether a test has caught the error, or it has come to test code that called the app."""
        if self._was_caught:
            return True
        outside: list[CodeType] = []
        for frame, _ in walk_tb(self._error.__traceback__):
            if frame.f_code in WATCHES:
                break
            outside.append(frame.f_code)
        else:
            return False
        if outside and outside[0] is self._root and self._has_ended_task():
            return False
        return any(self._gate.origin(code) == "test" for code in outside)

    def _has_ended_task(self) -> bool:
        task = self._task and self._task()
        # Not `exception()`, which would count as having retrieved it.
        return task is None or getattr(task, "_exception", None) is self._error
