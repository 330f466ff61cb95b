"""Whose code runs, and where: one walk over frames for whoever asks."""

from __future__ import annotations

import functools
import linecache
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, Literal

Origin = Literal["application", "test", "gate", "library"]
#: File name, line number and function.
Line = tuple[str, int, str]

#: The folder of the gate whose code counts as an application.
PLANTED = "planted/"

#: Below these an endpoint runs, and what the framework makes of its result.
ROUTING = ("fastapi/routing.py", "starlette/routing.py")

#: Folders with these names hold tests, and what only tests use.
_SUITES = {"tests", "test", "testing"}

_DEFINITION = re.compile(r"\s*(async\s+)?def\b")
_STDLIB = sysconfig.get_path("stdlib").replace("\\", "/")


@dataclass(frozen=True, slots=True)
class Location:
    """A line of the user's code, its path relative to the root of the project."""

    path: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} in {self.function}"


class Origins(dict[str, Origin]):
    """Whose code a source file holds, by its file name; worked out once for each file."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root.as_posix()}/"
        self._gate = f"{Path(__file__).parent.as_posix()}/"
        installed = [_STDLIB, sys.prefix, sys.exec_prefix]
        self._installed = tuple(
            f"{path}/" for path in installed if not self._root.startswith(f"{path}/")
        )

    def __missing__(self, filename: str) -> Origin:
        origin = self[filename] = self._find(filename.replace("\\", "/"))
        return origin

    def is_of_project(self, filename: str) -> bool:
        """Whether a file, of whatever kind, belongs to the project and is not installed in it."""
        return (
            filename.startswith(self._root)
            and not filename.startswith(self._installed)
            and "/site-packages/" not in filename
            and "/dist-packages/" not in filename
        )

    def _find(self, filename: str) -> Origin:
        if filename.startswith(self._gate):
            # What the self-test plants stands for an application.
            return "application" if filename.startswith(f"{self._gate}{PLANTED}") else "gate"
        if not self.is_of_project(filename):
            return "library"
        *folders, name = filename.removeprefix(self._root).split("/")
        if (
            any(folder in _SUITES or folder.endswith("_tests") for folder in folders)
            or name == "conftest.py"
            or name.startswith("test_")
            or name.endswith("_test.py")
        ):
            return "test"
        return "application"


class Sources:
    """The source files of a project: whose each is, and what a line of one is called."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.origins = Origins(root)
        self._prefix = f"{root.as_posix()}/"

    def origin(self, code: CodeType) -> Origin:
        """Tell whose code it is."""
        return self.origins[code.co_filename]

    def location(self, code: CodeType, line: int | None = None) -> Location:
        """Name a line of a function, by default that of its definition."""
        return self.locate_line(code.co_filename, line or code.co_firstlineno, code.co_name)

    def origin_of(self, where: Location) -> Origin:
        """Tell whose code stands at a line."""
        return self.origins[f"{self._prefix}{where.path}"]

    def locate_line(self, filename: str, line: int, function: str) -> Location:
        """Name a line by its absolute file name."""
        path = filename.replace("\\", "/").removeprefix(self._prefix)
        return Location(path, line, function)

    def innermost(self, lines: Iterable[Line]) -> Location | None:
        """Name the first line of application code, else the first of a test.

        The lines come from the innermost call outwards.
        """
        of_test = None
        for line in lines:
            origin = self.origins[line[0]]
            if origin == "application":
                return self.locate_line(*line)
            if origin == "test" and of_test is None:
                of_test = line
        return of_test and self.locate_line(*of_test)

    def locate(self, frame: FrameType | None) -> Location | None:
        """Name the user's line on a stack, also across greenlets."""
        return self.innermost(
            (link.f_code.co_filename, link.f_lineno, link.f_code.co_name) for link in stack(frame)
        )

    def locate_traceback(self, traceback: TracebackType | None) -> Location | None:
        """Name the user's line in a traceback."""
        lines = []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            lines.append((code.co_filename, traceback.tb_lineno, code.co_name))
            traceback = traceback.tb_next
        return self.innermost(reversed(lines))


def stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of the running thread from one outwards, also across greenlets."""
    greenlet: Any = None
    while True:
        while frame is not None:
            yield frame
            frame = frame.f_back
        if "greenlet" not in sys.modules:
            return
        greenlet = sys.modules["greenlet"].getcurrent() if greenlet is None else greenlet
        greenlet = greenlet.parent
        if greenlet is None:
            return
        frame = greenlet.gr_frame


@functools.cache
def library_path(filename: str) -> str:
    """Cut a file name of an installed module to where it is imported from: `asyncio/events.py`."""
    filename = filename.replace("\\", "/")
    if "pydevd" in filename or "debugpy" in filename:
        return "debugger"
    for folder in ("/site-packages/", "/dist-packages/", f"{_STDLIB}/"):
        _, found, path = filename.rpartition(folder)
        if found:
            return path
    return filename


@functools.cache
def is_python(filename: str) -> bool:
    """Whether the code of a library is part of Python itself."""
    filename = filename.replace("\\", "/")
    return filename.startswith("<") or (
        filename.startswith(f"{_STDLIB}/")
        and "/site-packages/" not in filename
        and "/dist-packages/" not in filename
    )


def line_of_definition(code: CodeType) -> int:
    """Find the `def` of a function between its first decorator and its body."""
    first: int = code.co_firstlineno
    body = min((line for *_, line in code.co_lines() if line and line > first), default=first)
    for line in range(first, body + 1):
        if _DEFINITION.match(linecache.getline(code.co_filename, line)):
            return line
    return first
