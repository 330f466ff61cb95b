"""The statements that a call sends to the database, seen before they are sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from greenlet import getcurrent
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.util import await_only

from .drivers import driver_watched
from .outcomes import DEADLOCK, sqlstate_of

ENDS = {"COMMIT", "ROLLBACK", "PREPARE TRANSACTION"}
#: As much of a statement as is kept.
LENGTH = 200
#: Words of statements that change something, or lock it.
WRITES = re.compile(
    r"\b(insert|update|delete|merge|truncate|copy|call|do|lock|nextval|pg_\w*advisory\w*)\b",
    re.IGNORECASE,
)


@dataclass
class Statement:
    """One statement of a call, COMMIT and ROLLBACK included."""

    letter: str
    """The call that it belongs to."""
    number: int
    """Its place among the statements of its call, from 1."""
    text: str
    """On one line, without the values of its parameters."""
    where: str
    """The line of the application: `app/users/service.py:12 in create_user`."""
    backend: int | None = field(default=None, repr=False)
    """The process of the server that the connection belongs to, if the driver tells."""
    writes: bool = field(default=False, repr=False)
    """Whether it may change or lock something, or commits what does."""


class Watcher(Protocol):
    """Whoever has to know of the statements of a call."""

    loop: asyncio.AbstractEventLoop

    def noted(
        self, text: str, driver: Any, connection: Connection | None = None
    ) -> Coroutine[Any, Any, None]:
        """Note a statement, and return what to wait for before it may go on.

        Args:
            driver: The connection of the driver.
            connection: That of SQLAlchemy, unless the statement goes past it.
        """
        ...

    def deadlocked(self) -> None:
        """Note that the server has ended a statement because of a deadlock."""


#: Whose call runs. The tasks and threads of the call inherit it.
watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched() -> Iterator[None]:
    """Tell the watchers of calls of their statements, on whichever engine and driver.

    Those that go past SQLAlchemy are only seen on asyncpg.
    """
    listeners: tuple[tuple[str, Callable[..., None]], ...] = (
        ("before_cursor_execute", _before_execute),
        ("commit", _before_commit),
        ("rollback", _before_rollback),
        ("prepare_twophase", _before_prepare),
        ("commit_twophase", _before_commit_twophase),
        ("rollback_twophase", _before_rollback_twophase),
        ("handle_error", _on_error),
    )
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        with driver_watched(_before_driver):
            yield
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


def backend_of(driver: Any) -> int | None:
    """The process of the server that serves a connection of a driver, if that tells."""
    if hasattr(driver, "get_server_pid"):  # asyncpg
        return int(driver.get_server_pid())
    if hasattr(driver, "get_backend_pid"):  # psycopg2
        return int(driver.get_backend_pid())
    info = getattr(driver, "info", None)  # psycopg
    return getattr(info, "backend_pid", None)


def may_write(text: str) -> bool:
    """Whether a statement may change or lock something."""
    return WRITES.search(text) is not None


class Writers:
    """The connections whose transactions may have written."""

    def __init__(self) -> None:
        self._backends: set[int | None] = set()

    def writes(self, text: str, backend: int | None) -> bool:
        """Whether a statement may change or lock something, or commits what does."""
        if may_write(text):
            self._backends.add(backend)
            return True
        has_written = backend in self._backends
        if text in ENDS:
            self._backends.discard(backend)
        return has_written and text in ENDS - {"ROLLBACK"}


def one_line(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= LENGTH else f"{line[:LENGTH]}..."


def _before_execute(connection: Connection, _: object, statement: str, *__: object) -> None:
    _wait_for(connection, statement)


def _before_commit(connection: Connection) -> None:
    # With AUTOCOMMIT, nothing is sent.
    if not connection._is_autocommit_isolation():
        _wait_for(connection, "COMMIT")


def _before_rollback(connection: Connection) -> None:
    # Nor is it where the connection is lost.
    is_lost = connection.closed or connection.invalidated
    if not is_lost and not connection._is_autocommit_isolation():
        _wait_for(connection, "ROLLBACK")


def _before_prepare(connection: Connection, _: object) -> None:
    _wait_for(connection, "PREPARE TRANSACTION")


def _before_commit_twophase(connection: Connection, _: object, __: object) -> None:
    _wait_for(connection, "COMMIT PREPARED")


def _before_rollback_twophase(connection: Connection, _: object, __: object) -> None:
    _wait_for(connection, "ROLLBACK PREPARED")


def _on_error(context: ExceptionContext) -> None:
    watching = watcher.get()
    if watching is not None and sqlstate_of(context.original_exception) == DEADLOCK:
        watching.deadlocked()


def _wait_for(connection: Connection, text: str) -> None:
    watching = watcher.get()
    if watching is None or connection.dialect.name != "postgresql":
        return
    turn = watching.noted(text, connection.connection.driver_connection, connection)
    if getattr(getcurrent(), "__sqlalchemy_greenlet_provider__", False):
        await_only(turn)
    elif asyncio._get_running_loop() is None:
        # A thread of a driver without async.
        asyncio.run_coroutine_threadsafe(turn, watching.loop).result()
    else:
        # It holds the event loop itself, so that nobody can be waited for.
        turn.close()


def _before_driver(text: str, driver: Any) -> Coroutine[Any, Any, None] | None:
    watching = watcher.get()
    if watching is None or asyncio.get_running_loop() is not watching.loop:
        return None
    return watching.noted(text, driver)
