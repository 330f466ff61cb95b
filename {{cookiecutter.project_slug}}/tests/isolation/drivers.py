"""Which drivers an app uses for the database. Only asyncpg can share the connection of a test."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from importlib.util import find_spec
from typing import Any

from sqlalchemy import Engine, make_url

from .engines import drivers_used, target_of

OTHERS = ("psycopg", "psycopg2", "pg8000")

RunningApp = Callable[[str], AbstractAsyncContextManager[Any]]


def may_be_used() -> bool:
    """Whether another driver than asyncpg is installed."""
    return any(find_spec(name) is not None for name in OTHERS)


async def other_drivers(running_app: RunningApp, database_url: str) -> set[str]:
    """Start the app once, and return its drivers for a database besides asyncpg."""
    database = make_url(database_url).database
    assert database
    # If it can't start, each test that needs it says so.
    with drivers_used(database) as used, suppress(Exception):
        async with running_app(database_url):
            used |= {engine.driver for engine in _engines() if _is_on(engine, database)}
    return used - {"asyncpg"}


def _engines() -> list[Engine]:
    # The class of a proxy, as `isinstance` sees it, may need what is not there yet.
    return [found for found in gc.get_objects() if issubclass(type(found), Engine)]


def _is_on(engine: Engine, database: str) -> bool:
    return database in {engine.url.database, target_of(engine.dialect)}
