"""Where a setting of pytest or coverage stands, and what the filters of warnings ignore."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from .sources import Place
from .ways import ini


class Settings:
    """The settings of a run, each with the line where it is written."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._path = config.inipath
        self._lines = _lines(self._path) if self._path else []

    def get(self, name: str) -> str:
        """A setting as text; empty where it is unset or unknown."""
        value = ini(self.config, name)
        return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    def place(self, name: str, text: str = "") -> Place | None:
        """The line of a setting, or that of a text in its value."""
        if self._path is None:
            return None
        shown = os.path.relpath(self._path, self.config.rootpath)
        for number, line in enumerate(self._lines, 1):
            if re.match(rf"\s*{re.escape(name)}\s*=", line):
                below = enumerate(self._lines[number - 1 :], number)
                holding = (n for n, one in below if text in one and not _is_comment(one))
                return Place(shown, next(holding, number))
        return None

    def options(self) -> list[str]:
        """The command line, with what the configuration and the environment add to it."""
        added = ini(self.config, "addopts") or []
        given = shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
        return [*given, *map(str, added), *map(str, self.config.invocation_params.args)]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of warnings, as pytest reads it: `action:message:category:module:line`."""

    text: str
    action: str
    message: str
    category: type[Warning]
    is_regex: bool
    where: Place | None

    @property
    def is_narrow(self) -> bool:
        """Whether it names what it ignores, and not a whole kind of warnings."""
        return bool(self.message)

    def matches(self, category: type[Warning], message: str) -> bool:
        pattern = self.message if self.is_regex else re.escape(self.message)
        return issubclass(category, self.category) and bool(re.match(pattern, message, re.I))


def filters_of(settings: Settings) -> list[Filter]:
    """The filters of the configuration and of the command line; the last that matches wins."""
    found = []
    for text in ini(settings.config, "filterwarnings") or []:
        found.append(_filter(text, settings.place("filterwarnings", text), is_regex=True))
    for text in settings.config.getoption("pythonwarnings", None) or []:
        found.append(_filter(text, None, is_regex=False))
    return [one for one in found if one is not None]


def _filter(text: str, where: Place | None, *, is_regex: bool) -> Filter | None:
    action, message, category, *more = [*text.split(":"), "", ""]
    if len(more) > 2 and more[0].strip():
        # It holds for one module alone.
        return None
    kind = _category(category.strip())
    if kind is None:
        return None
    return Filter(text, action.strip(), message.strip(), kind, is_regex, where)


def _category(name: str) -> type[Warning] | None:
    """A class of warnings that is imported by now, as it is when pytest has read its filters."""
    if not name:
        return Warning
    module, _, attribute = name.rpartition(".")
    found = getattr(sys.modules.get(module or "builtins"), attribute, None)
    return found if isinstance(found, type) and issubclass(found, Warning) else None


def action_on(filters: list[Filter], category: type[Warning], message: str) -> Filter | None:
    """The filter that decides what becomes of a warning."""
    return next((one for one in reversed(filters) if one.matches(category, message)), None)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("#", ";"))


def find_line(path: Path, pattern: str) -> int | None:
    """The number of the first line that matches."""
    numbered = enumerate(_lines(path), 1)
    return next((number for number, line in numbered if re.search(pattern, line)), None)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
