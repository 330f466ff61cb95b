"""The connections that a call takes out of the pools of SQLAlchemy."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool
from sqlalchemy.util import greenlet_spawn

from .lines import Lines
from .statements import watcher


async def warm_up(engine: Engine) -> None:
    """Renew the connections that wait in the pool of an engine, or open the first one."""

    def renew() -> None:
        idle = getattr(engine.pool, "checkedin", int)()
        for connection in [engine.connect() for _ in range(max(idle, 1))]:
            connection.close()

    await _carry_out(renew, is_async=engine.dialect.is_async)


async def _carry_out(work: Callable[[], None], *, is_async: bool) -> None:
    await (greenlet_spawn(work) if is_async else asyncio.to_thread(work))


class Checkouts:
    """Keeps account of the connections of one call.

    One that only the garbage collector has found is missing as well: an asynchronous driver can't
    give it back to the pool from there, and closes it.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        #: Who has a connection of which record, and the line that has asked for it.
        self._taken: dict[Any, tuple[weakref.ref[Any], str]] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the pools of all engines."""
        listeners = (
            ("checkout", self._checked_out),
            ("checkin", self._checked_in),
            ("detach", self._detached),
        )
        for name, listener in listeners:
            event.listen(Pool, name, listener)
        try:
            yield
        finally:
            for name, listener in listeners:
                event.remove(Pool, name, listener)

    def missing(self) -> list[str]:
        """The lines that have asked for connections that are not back in their pools."""
        return [line for _, line in self._taken.values()]

    async def take_back(self) -> None:
        """Close what is missing, so that the pool has room for the next run."""
        for taken, _ in list(self._taken.values()):
            connection = taken()
            if connection is None:
                continue
            # The adapter of an asynchronous driver wraps its connection.
            is_async = connection.dbapi_connection is not connection.driver_connection
            await _carry_out(connection.invalidate, is_async=is_async)
        self._taken.clear()

    def _checked_out(self, _: object, record: Any, connection: Any) -> None:
        if watcher.get() is not None:
            self._taken[record] = (weakref.ref(connection), self._lines.current())

    def _checked_in(self, _: object, record: Any) -> None:
        self._taken.pop(record, None)

    def _detached(self, _: object, record: Any) -> None:
        taken, _ = self._taken.get(record, (None, ""))
        if taken is not None and taken() is not None:
            # The app does without the pool from now on.
            del self._taken[record]
