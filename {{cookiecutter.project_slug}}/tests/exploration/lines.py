"""Lines of the project's own code."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable, Iterator
from itertools import filterfalse
from pathlib import Path
from types import FrameType
from typing import Any

from greenlet import getcurrent

from .waiting import frames_of

#: Folders that hold tests, and what only tests use.
TESTS = {"tests", "test"}
#: This folder and those beside it that tests are made with.
OURS = tuple(
    f"{Path(__file__).parent.with_name(name).as_posix()}/"
    for name in ("exploration", "isolation", "behavior_gate")
)


class Lines:
    """Finds the line of the application that asks for what is going on."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root.as_posix()}/"
        installed = (sysconfig.get_path("stdlib"), sys.prefix, sys.exec_prefix)
        self._installed = tuple(f"{path}/" for path in installed)
        #: The path of each file in the project, and whether it belongs to the application.
        self._known: dict[str, tuple[str, bool]] = {}

    def current(self, driver: Any = None) -> str:
        """The innermost line of the application, else that of the test, else nothing.

        Args:
            driver: A connection whose own lines do not count.
        """
        found = frames(sys._getframe(1))
        if driver is not None:
            found = (frame for frame in found if frame.f_locals.get("self") is not driver)
        return self._innermost(found)

    def of(self, coroutine: Any) -> str:
        """The innermost line of the application at which a coroutine waits, as above."""
        return self._innermost(frames_of(coroutine))

    def chain(self, coroutine: Any) -> str:
        """The same, and the line of another file that has called it."""
        lines: dict[str, str] = {}
        for path, line, is_app in self._all(filterfalse(_is_middleware, frames_of(coroutine))):
            if is_app:
                lines.setdefault(path, line)
            if len(lines) == 2:
                break
        return ", called from ".join(lines.values()) or self.of(coroutine)

    def _innermost(self, frames: Iterable[FrameType]) -> str:
        of_test = ""
        for _, line, is_app in self._all(frames):
            if is_app:
                return line
            of_test = of_test or line
        return of_test

    def _all(self, frames: Iterable[FrameType]) -> Iterator[tuple[str, str, bool]]:
        """The files and lines of the project, and whether each is one of the application."""
        for frame in frames:
            path, is_app = self._known.get(frame.f_code.co_filename) or self._look_at(frame)
            if path:
                yield path, f"{path}:{frame.f_lineno} in {frame.f_code.co_name}", is_app

    def _look_at(self, frame: FrameType) -> tuple[str, bool]:
        name = frame.f_code.co_filename.replace("\\", "/")
        path = name.removeprefix(self._root)
        folders = path.split("/")[:-1]
        is_foreign = (
            path == name or name.startswith((*self._installed, *OURS)) or "site-packages" in folders
        )
        is_app = TESTS.isdisjoint(folders) and not path.startswith(("test_", "conftest"))
        found = self._known[frame.f_code.co_filename] = ("" if is_foreign else path, is_app)
        return found


def is_ours(filename: str) -> bool:
    return filename.replace("\\", "/").startswith(OURS)


def _is_middleware(frame: FrameType) -> bool:
    # Each request goes through it, so it tells nothing of this one.
    return frame.f_code.co_varnames[1:4] == ("scope", "receive", "send")


def frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames outwards, also from one greenlet to that which has switched to it."""
    greenlet = getcurrent()
    while frame is not None:
        yield frame
        frame = frame.f_back
        if frame is None and greenlet.parent is not None:
            greenlet = greenlet.parent
            frame = greenlet.gr_frame
