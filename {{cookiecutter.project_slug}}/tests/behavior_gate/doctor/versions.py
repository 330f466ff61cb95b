"""The versions of what the gate works with, and the oldest ones that it knows."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from ..versions import LOWEST, LOWEST_WATCHED, PYTHON

Release = tuple[int, ...]

#: The distributions that matter.
_SHOWN = (
    *("pytest", "pytest-asyncio", "anyio", "trio", "uvloop"),
    *("SQLAlchemy", "greenlet", "asyncpg", "psycopg"),
    *("starlette", "fastapi", "litestar", "aiohttp", "httpx", "asgi-lifespan"),
    *("coverage", "pytest-cov", "pytest-timeout", "pytest-xdist"),
)
#: The oldest release of some of them that the gate works with.
_LOWEST: Mapping[str, Release] = LOWEST | LOWEST_WATCHED


@dataclass(frozen=True, slots=True)
class Version:
    name: str
    found: str
    #: The oldest one that works, if this one is older.
    needed: str = ""


def versions() -> Iterator[Version]:
    """What is installed of it."""
    yield _judge("Python", platform.python_version(), PYTHON)
    for name in _SHOWN:
        try:
            yield _judge(name, version(name), _LOWEST.get(name.lower(), ()))
        except PackageNotFoundError:
            continue


def release(name: str) -> Release:
    """The numbers of an installed version; none if it is not installed."""
    try:
        return _numbers(version(name))
    except PackageNotFoundError:
        return ()


def _judge(name: str, found: str, lowest: Release) -> Version:
    needed = ".".join(map(str, lowest)) if _numbers(found) < lowest else ""
    return Version(name, found, needed)


def _numbers(text: str) -> Release:
    start = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, start[0].split("."))) if start else ()
