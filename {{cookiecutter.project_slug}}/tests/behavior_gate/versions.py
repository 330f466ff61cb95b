"""The oldest versions that the gate works with: checked before the rest of it is imported.

This module, and `__init__.py` down to the check, have to be valid in older Pythons.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata

import pytest

PYTHON = (3, 11)
#: What the gate runs in. An older one ends the run.
LOWEST = {"pytest": (7, 4), "pluggy": (1, 2), "pytest-asyncio": (0, 17)}
#: What it watches. An older one is a blind spot.
LOWEST_WATCHED = {"anyio": (4, 0), "httpx": (0, 24), "sqlalchemy": (2, 0), "starlette": (0, 41)}


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


def too_old() -> dict[str, str]:
    """What is too old to be watched, each with a sentence that says so."""
    found = {name: installed(name) for name in LOWEST_WATCHED}
    return {
        name: f"{name} {_text(version)} is older than {_text(LOWEST_WATCHED[name])}, the oldest"
        " version that the gate knows"
        for name, version in found.items()
        if version is not None and version < LOWEST_WATCHED[name]
    }


def installed(name: str) -> tuple[int, ...] | None:
    """The version of a distribution, as far as it is made of numbers."""
    try:
        text = metadata.version(name)
    except metadata.PackageNotFoundError:
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
