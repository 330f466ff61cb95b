"""Whose code runs, and where: one walk over frames for whoever asks."""

from __future__ import annotations

import csv
import functools
import json
import linecache
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

Origin = Literal["application", "test", "gate", "library"]
#: File name, line number and function.
Line = tuple[str, int, str]

#: The folder of the gate whose code counts as an application.
PLANTED = "planted/"

#: Below these an endpoint runs, and what the framework makes of its result.
ROUTING = ("fastapi/routing.py", "starlette/routing.py")

#: Where a framework takes over from the application: what it does below is not its caller's doing.
FRAMEWORK = (
    "httpx/_transports/asgi.py",
    "httpx2/_transports/asgi.py",
    "fastapi/applications.py",
    "fastapi/routing.py",
    "starlette/applications.py",
    "starlette/routing.py",
    "starlette/middleware/",
)

#: Folders with these names hold tests, and what only tests use.
_SUITES = {"tests", "test", "testing"}
#: So do those with such names, where pytest has found tests in them or below.
_LIKE_SUITES = re.compile(r"(?:.*[_-])?(?:tests?|specs?|e2e)(?:[_-].*)?")
#: Libraries that were copied into a project.
_VENDORED = {"_vendor", "_vendored", "vendored", "third_party", "thirdparty", "node_modules"}

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
        # A package beside that of the tests, in the same repository, is the user's as well.
        self._repository = f"{_repository_of(root).as_posix()}/"
        self._gate = f"{Path(__file__).parent.as_posix()}/"
        installed = [_STDLIB, sys.prefix, sys.exec_prefix]
        self._installed = tuple(
            f"{path}/" for path in installed if not self._root.startswith(f"{path}/")
        )
        #: Where a file of the user is installed, and its path from where it is imported.
        self._copies = dict(_copies_of(self._repository))
        # Worked out now: a look at the disk would count as one of the user's later.
        self._sources = {
            copy: f"{self._repository}{folder}{path}"
            for copy, path in self._copies.items()
            for folder in ("", "src/")
            if os.path.exists(f"{self._repository}{folder}{path}")
        }
        #: The folders in which pytest has found tests, and those with tests below.
        self._with_tests: set[str] | None = None
        self._above_tests: set[str] = set()
        #: Files whose names do not say that they belong to the tests.
        self._declared: set[str] = set()

    def __missing__(self, filename: str) -> Origin:
        # A path to import from may hold `..`.
        origin = self[filename] = self._find(_normal(filename))
        return origin

    def set_tests(self, files: Iterable[Path]) -> None:
        """Take note of the files that hold the tests."""
        folders = {file.parent for file in files}
        if not folders:
            return
        self._with_tests = {folder.as_posix() for folder in folders}
        self._above_tests = {
            above.as_posix() for folder in folders for above in (folder, *folder.parents)
        }
        self.clear()
        self.update(dict.fromkeys(self._declared, "test"))

    def add_test(self, filename: str) -> None:
        """Take a file of the user for one of the tests, whatever its name says."""
        if self[filename] == "application":
            self._declared.add(filename)
            self[filename] = "test"

    def is_of_project(self, filename: str) -> bool:
        """Whether a file, of whatever kind, belongs to the project and is not installed in it."""
        return filename in self._copies or (
            filename.startswith(self._repository)
            and not filename.startswith(self._installed)
            and "/site-packages/" not in filename
            and "/dist-packages/" not in filename
        )

    def source_of(self, filename: str) -> str:
        """Name the file that an installed one of the user is a copy of."""
        return self._sources.get(filename, filename)

    def _find(self, filename: str) -> Origin:
        if filename.startswith(self._gate):
            # What the self-test plants stands for an application.
            return "application" if filename.startswith(f"{self._gate}{PLANTED}") else "gate"
        if not self.is_of_project(filename):
            return "library"
        base = self._root if filename.startswith(self._root) else self._repository
        *folders, name = self._copies.get(filename, filename.removeprefix(base)).split("/")
        if any(folder in _VENDORED or folder.startswith(".") for folder in folders):
            return "library"
        return "test" if self._is_of_tests(base, folders, name) else "application"

    def _is_of_tests(self, base: str, folders: list[str], name: str) -> bool:
        if name == "conftest.py" or not _SUITES.isdisjoint(folders):
            return True
        paths = [f"{base}{'/'.join(folders[: n + 1])}" for n in range(len(folders))]
        if any(
            _LIKE_SUITES.fullmatch(folder)
            and (self._with_tests is None or path in self._above_tests)
            for folder, path in zip(folders, paths, strict=True)
        ):
            return True
        # An application may have a module of this name, too.
        folder = f"{base}{'/'.join(folders)}".rstrip("/")
        return (name.startswith("test_") or name.endswith("_test.py")) and (
            self._with_tests is None or folder in self._with_tests
        )


def _copies_of(repository: str) -> Iterator[tuple[str, str]]:
    """The files that were installed from a repository, and not as links to it, with their paths."""
    for folder in dict.fromkeys(sys.path):
        for origin in Path(folder or ".").glob("*.dist-info/direct_url.json"):
            url = json.loads(origin.read_text(encoding="utf-8"))["url"]
            if f"{url2pathname(urlsplit(url).path)}/".startswith(repository):
                record = (origin.parent / "RECORD").read_text(encoding="utf-8")
                for path, *_ in csv.reader(record.splitlines()):
                    if path.endswith(".py") and not path.startswith(".."):
                        yield f"{origin.parent.parent.as_posix()}/{path}", path


def _normal(filename: str) -> str:
    return os.path.normpath(filename).replace("\\", "/")


def _repository_of(root: Path) -> Path:
    """The folder that is under version control with a project, else the project itself."""
    home = Path(os.path.expanduser("~"))
    for folder in (root, *root.parents):
        if folder == home:
            break
        if (folder / ".git").exists():
            return folder
    return root


def path_in_repository(root: Path, path: str) -> str:
    """Name a file as services that show the repository do, by its path in the project."""
    whole = os.path.normpath(root / path)
    return os.path.relpath(whole, _repository_of(root)).replace("\\", "/")


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
        return self.origins[_normal(f"{self._prefix}{where.path}")]

    def locate_line(self, filename: str, line: int, function: str) -> Location:
        """Name a line by its absolute file name."""
        filename = self.origins.source_of(filename.replace("\\", "/"))
        path = filename.removeprefix(self._prefix)
        if path == filename and self.origins[filename] in ("application", "test"):
            path = os.path.relpath(filename, self.root).replace("\\", "/")
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
        # Of another thread, which may switch its greenlets meanwhile, it may be no frame at all.
        while isinstance(frame, FrameType):
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
