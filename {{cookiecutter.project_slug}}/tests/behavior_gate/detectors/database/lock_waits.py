"""Who waits for whom in PostgreSQL and in a pool, for the message of a test that hangs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ...asgi import serving
from ...awaiting import current_task, waits_at
from ...core import Request
from ...patches import Patches
from ...sql import one_line
from ...where import Location
from .records import CheckOut
from .traffic import Listener, Part, Traffic

if TYPE_CHECKING:
    from sqlalchemy.pool import Pool

#: How long the look may take. It holds up the end of the test.
LOOK_S = 2.0
#: How long one server may take to answer.
ANSWER_S = 1.0

_WAITS = """
    SELECT DISTINCT ON (waiting.pid)
        waiting.pid, waiting.wait_event, waiting.query,
        blocker.pid, blocking.state, blocking.query
    FROM pg_stat_activity AS waiting
    CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocker (pid)
    LEFT JOIN pg_stat_activity AS blocking ON blocking.pid = blocker.pid
    WHERE waiting.datname = current_database()
    -- Of a queue, the one at its head.
    ORDER BY waiting.pid, (blocking.wait_event_type = 'Lock') IS TRUE
    LIMIT 5
"""


@dataclass(frozen=True, slots=True)
class Login:
    """How an engine connects: its dialect, and the arguments for the driver."""

    dialect: Any
    positional: Any
    named: dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    """Who has a connection, the line that took it, and the line that uses it now."""

    name: str
    taken: Location | None
    now: Location | None


class LockWaits(Part):
    """Knows who has each connection, and asks PostgreSQL which of them wait."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        # By the record that a pool keeps of a connection.
        self._logins: WeakKeyDictionary[Any, Login] = WeakKeyDictionary()
        self._pools: WeakKeyDictionary[Any, Pool] = WeakKeyDictionary()
        #: The tasks that ask a pool for a connection.
        self._asking: dict[asyncio.Task[Any], tuple[Pool, Request | None]] = {}

    def listeners(self) -> list[Listener]:
        from sqlalchemy.engine import Engine

        return [(Engine, "do_connect", self._connecting)]

    def patch(self, patches: Patches) -> None:
        from sqlalchemy.pool import Pool

        patches.replace(Pool, "connect", self._taking)

    def _taking(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def connect(pool: Pool) -> Any:
            task = current_task()
            if task is not None:
                self._asking[task] = pool, serving()
            try:
                fairy = original(pool)
            finally:
                if task is not None:
                    self._asking.pop(task, None)
            for record in list(self.traffic.checked_out):
                if record.dbapi_connection is fairy.dbapi_connection:
                    self._pools[record] = pool
            return fairy

        return connect

    def _explain_pools(self) -> Iterator[str]:
        """Say who waits for a pool, and who has its connections."""
        taken = list(self.traffic.checked_out.items())
        for task, (pool, request) in list(self._asking.items()):
            name, where = str(request) if request else "the test", waits_at(self.gate, task)[0]
            yield f"  {name} waits at {where} for a connection of the pool: {pool.status()}"
            for record, check_out in taken:
                if self._pools.get(record) is pool:
                    user = self._user(check_out)
                    yield f"    {user.name} has one since {user.taken}"

    def _connecting(self, dialect: Any, record: Any, args: Any, kwargs: dict[str, Any]) -> None:
        if record is not None:
            self._logins[record] = Login(dialect, args, kwargs)

    def explain_hang(self) -> list[str]:
        """Say who waits for whom. Runs in the watchdog's thread."""
        taken = list(self.traffic.checked_out.items())
        users = {
            pid: self._user(check_out)
            for record, check_out in taken
            if (pid := server_pid(record.driver_connection)) is not None
        }
        logins = [self._logins[record] for record, _ in taken if record in self._logins]
        return [*self._explain_pools(), *describe_waits(logins, users)]

    def _user(self, taken: CheckOut) -> User:
        task, now = taken.task() if taken.task else None, None
        if task is not None and not task.done():
            now, _ = waits_at(self.gate, task)
        name = "the test"
        if taken.request is not None:
            name = str(taken.request)
        elif now is not None and task is not None and task is not self.gate.main_task:
            name = f"task {task.get_name()!r}"
        return User(name, taken.where, now)


def describe_waits(logins: Iterable[Login], users: Mapping[int, User]) -> list[str]:
    """Say which statement waits for which. Nothing where PostgreSQL can't be asked.

    Args:
        logins: Where to ask.
        users: Who has a connection, by the id of its server process.
    """
    rows: list[tuple[Any, ...]] = []
    engines = {id(login.named): login for login in logins if login.dialect.name == "postgresql"}

    def ask_all() -> None:
        for login in engines.values():
            with suppress(Exception):
                rows.extend(row for row in _ask(login) if row not in rows)

    if engines:
        # In a thread that may be left behind, should the server not answer.
        thread = threading.Thread(target=ask_all, daemon=True)
        thread.start()
        thread.join(LOOK_S)
    return [line for row in list(rows) for line in _describe(row, users)]


def server_pid(connection: Any) -> int | None:
    """The id of the server process behind a connection of asyncpg or psycopg."""
    with suppress(Exception):
        if hasattr(connection, "get_server_pid"):
            return int(connection.get_server_pid())
        return int(connection.info.backend_pid)
    return None


def _ask(login: Login) -> list[tuple[Any, ...]]:
    def ask() -> list[tuple[Any, ...]]:
        # Below the engine, whose events the application or its tests may listen to.
        connection = login.dialect.connect(*login.positional, **login.named)
        try:
            cursor = connection.cursor()
            cursor.execute(_WAITS)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            connection.close()

    if not login.dialect.is_async:
        return ask()
    from sqlalchemy.util import greenlet_spawn

    return asyncio.run(asyncio.wait_for(greenlet_spawn(ask), ANSWER_S))


def _describe(row: tuple[Any, ...], users: Mapping[int, User]) -> Iterable[str]:
    pid, event, statement, other_pid, state, other_statement = row
    user, other = users.get(pid), users.get(other_pid)
    where = f" at {user.now or user.taken}" if user else ""
    taken = f" since {other.taken}" if other else ""
    yield (
        f"  {user.name if user else f'backend {pid}'} waits in PostgreSQL{where}"
        f" (lock: {event}): {one_line(statement)}"
    )
    yield (
        f"    for {other.name if other else f'backend {other_pid}'},"
        f" {state or 'not visible'}{taken}: {one_line(other_statement or '')}"
    )
