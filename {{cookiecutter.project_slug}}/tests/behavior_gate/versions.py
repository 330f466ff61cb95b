"""The oldest versions that the gate works with: checked before the rest of it is imported.

This module, and `__init__.py` down to the check, have to be valid in older Pythons.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

PYTHON = (3, 11)
#: What the gate runs in. An older one ends the run.
LOWEST = {"pytest": (7, 0), "pluggy": (1, 2), "pytest-asyncio": (0, 17)}
#: What a detector watches. An older one is a blind spot.
LOWEST_WATCHED = {"sqlalchemy": (2, 0)}


def check() -> None:
    """Refuse what is too old.

    Raises:
        pytest.UsageError: In one line, with the version that is needed.
    """
    if sys.version_info < PYTHON:
        raise _too_old("Python", sys.version_info[:3], PYTHON, "run the tests on a newer Python")
    for name, lowest in LOWEST.items():
        found = installed(name)
        if found is not None and found < lowest:
            raise _too_old(name, found, lowest, f"install {name}>={_text(lowest)}")


def too_old_to_watch(name: str) -> str | None:
    """Say of a library that its version can't be watched."""
    found, lowest = installed(name), LOWEST_WATCHED.get(name)
    if found is None or lowest is None or found >= lowest:
        return None
    return f"{name} {_text(found)} is older than {_text(lowest)}"


def installed(name: str) -> tuple[int, ...] | None:
    """The version of a distribution, as far as it is made of numbers."""
    try:
        text = version(name)
    except PackageNotFoundError:
        return None
    numbers = re.match(r"[\d.]*", text)
    return tuple(int(number) for number in re.findall(r"\d+", numbers[0] if numbers else ""))


def _too_old(
    name: str, found: tuple[int, ...], lowest: tuple[int, ...], fix: str
) -> pytest.UsageError:
    return pytest.UsageError(
        f"the behavior gate needs {name} {_text(lowest)} or newer, and this is {_text(found)}."
        f" Fix: {fix}, or do not load the gate here."
    )


def _text(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
