"""The versions of what the gate works with, and the oldest ones that it knows."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

Release = tuple[int, ...]

#: The distributions that matter, and the oldest release of each that the gate works with.
_FLOORS: dict[str, Release] = {
    "pytest": (7, 4),
    "pytest-asyncio": (0, 21),
    "anyio": (),
    "trio": (),
    "uvloop": (),
    "SQLAlchemy": (2, 0),
    "greenlet": (),
    "asyncpg": (),
    "psycopg": (),
    "starlette": (0, 41),
    "fastapi": (),
    "litestar": (),
    "aiohttp": (),
    "httpx": (),
    "asgi-lifespan": (),
    "coverage": (),
    "pytest-cov": (),
    "pytest-timeout": (),
    "pytest-xdist": (),
}
_PYTHON: Release = (3, 11)


@dataclass(frozen=True, slots=True)
class Version:
    name: str
    found: str
    #: The oldest one that works, if this one is older.
    needed: str = ""


def versions() -> Iterator[Version]:
    """What is installed of it."""
    yield _judge("Python", platform.python_version(), _PYTHON)
    for name, floor in _FLOORS.items():
        try:
            yield _judge(name, version(name), floor)
        except PackageNotFoundError:
            continue


def release(name: str) -> Release:
    """The numbers of an installed version; none if it is not installed."""
    try:
        return _numbers(version(name))
    except PackageNotFoundError:
        return ()


def _judge(name: str, found: str, floor: Release) -> Version:
    needed = ".".join(map(str, floor)) if _numbers(found) < floor else ""
    return Version(name, found, needed)


def _numbers(text: str) -> Release:
    start = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, start[0].split("."))) if start else ()
