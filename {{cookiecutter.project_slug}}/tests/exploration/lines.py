"""Lines of the project's own code."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType

from greenlet import getcurrent

#: Folders that hold tests, and what only tests use.
TESTS = {"tests", "test"}
#: This folder and those beside it that tests are made with.
OURS = tuple(
    f"{Path(__file__).parent.with_name(name).as_posix()}/"
    for name in ("exploration", "isolation", "behavior_gate")
)
CALLED_FROM = ", called from "


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
        return self.of(frames(sys._getframe(1)))

    def of(self, stack: Iterable[FrameType]) -> str:
        """The same of a stack, whose innermost frame comes first."""
        return self.chain(stack).partition(CALLED_FROM)[0]

    def chain(self, stack: Iterable[FrameType]) -> str:
        """The same, and the line of another file that has called it."""
        of_app: dict[str, str] = {}
        of_test = ""
        for frame in stack:
            path, is_app = self._known.get(frame.f_code.co_filename) or self._look_at(frame)
            if path:
                line = f"{path}:{frame.f_lineno} in {frame.f_code.co_name}"
                if is_app:
                    of_app.setdefault(path, line)
                of_test = of_test or line
            if len(of_app) == 2:
                break
        return CALLED_FROM.join(of_app.values()) or of_test

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
