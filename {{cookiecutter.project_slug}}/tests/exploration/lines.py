"""Lines of the project's own code."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from greenlet import getcurrent

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

    def current(self) -> str:
        """The innermost line of the application, else that of the test, else nothing."""
        return self._innermost(frames(sys._getframe(1)))

    def of(self, coroutine: Any) -> str:
        """The innermost line of the application at which a coroutine waits, as above."""
        return self._innermost(reversed([*awaiting(coroutine)]))

    def _innermost(self, frames: Iterable[FrameType]) -> str:
        of_test = ""
        for frame in frames:
            path, is_app = self._known.get(frame.f_code.co_filename) or self._look_at(frame)
            if path:
                line = f"{path}:{frame.f_lineno} in {frame.f_code.co_name}"
                if is_app:
                    return line
                of_test = of_test or line
        return of_test

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


def frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames outwards, also from one greenlet to that which has switched to it."""
    greenlet = getcurrent()
    while frame is not None:
        yield frame
        frame = frame.f_back
        if frame is None and greenlet.parent is not None:
            greenlet = greenlet.parent
            frame = greenlet.gr_frame


def awaiting(coroutine: Any) -> Iterator[FrameType]:
    """The frames inwards, from a coroutine to what it waits for."""
    while coroutine is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(coroutine, f"{kind}_frame", None)
            if frame is not None:
                yield frame
        inner = (getattr(coroutine, f"{kind}_await", None) for kind in ("cr", "ag"))
        coroutine = next(filter(None, inner), getattr(coroutine, "gi_yieldfrom", None))
