"""Writes that no keyword shows: by a function, a procedure or a COPY. PostgreSQL counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ...asgi import here, serving
from ...patches import Patches
from ...sql import calls, classify
from ...where import Location
from .hooks import has_asyncio
from .records import Statement, Write
from .traffic import Listener, Part, Traffic

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

#: What the transaction has written so far, by table.
Counts = dict[str, int]

_COUNTS = """
    SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
    WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND schemaname NOT LIKE 'pg_temp%'
"""
_FUNCTIONS = """
    SELECT DISTINCT proname FROM pg_proc
    WHERE provolatile = 'v' AND pronamespace <> 'pg_catalog'::regnamespace AND proname IN ({})
"""
#: These run whatever they like.
_PROGRAMS = ("call", "do", "execute")


class HiddenWrites(Part):
    """Asks before and after a statement that calls a function of the user."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        #: Whether a name is that of a function that may write.
        self._writers: dict[str, bool] = dict.fromkeys(_PROGRAMS, True)
        self._before: WeakKeyDictionary[Connection, Counts] = WeakKeyDictionary()
        #: Connections whose driver the application has asked for, and where.
        self._raw: WeakKeyDictionary[Connection, tuple[Counts, Location | None]] = (
            WeakKeyDictionary()
        )

    def listeners(self) -> list[Listener]:
        from sqlalchemy.engine import Engine

        return [
            (Engine, "before_cursor_execute", self._executing),
            (Engine, "rollback", self._rolled_back),
        ]

    def patch(self, patches: Patches) -> None:
        if has_asyncio():
            from sqlalchemy.ext.asyncio import AsyncConnection

            patches.replace(AsyncConnection, "get_raw_connection", self._asking)

    def _executing(self, connection: Connection, _: object, text: str, *__: object) -> None:
        if serving() is None or connection.dialect.name != "postgresql":
            return
        names = calls(text) if classify(text) != "write" else ()
        if names and self._may_write(connection, names):
            self._before[connection] = dict(_ask(connection, _COUNTS))

    def _may_write(self, connection: Connection, names: Iterable[str]) -> bool:
        unknown = [name for name in names if name not in self._writers]
        if unknown:
            listed = ", ".join(f"'{name}'" for name in unknown)
            writers = {name for (name,) in _ask(connection, _FUNCTIONS.format(listed))}
            self._writers.update((name, name in writers) for name in unknown)
        return any(self._writers[name] for name in names)

    def executed(self, statement: Statement) -> None:
        before = self._before.pop(statement.connection, None)
        if before is None:
            return
        table = _changed(before, dict(_ask(statement.connection, _COUNTS)))
        work, boundary = self.traffic.work_of(statement.request, statement.connection)
        if table and work is not None:
            early = not statement.request.response_started
            write = Write(f"a change of {table} by a function", here(self.gate), early)
            work.writes.setdefault(boundary, write)

    def _asking(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        async def get_raw_connection(connection: AsyncConnection) -> Any:
            raw = await original(connection)
            driver, inner = raw.driver_connection, connection.sync_connection
            if serving() and inner is not None and connection.dialect.driver == "asyncpg":
                self._raw[inner] = dict(await driver.fetch(_COUNTS)), here(self.gate)
            return raw

        return get_raw_connection

    def _rolled_back(self, connection: Connection) -> None:
        if connection not in self._raw or not self.traffic.line(connection).closing:
            return
        from sqlalchemy.util import await_only

        before, where = self._raw.pop(connection)
        # A transaction or connection that has failed answers nothing, and has lost nothing either.
        with suppress(Exception):
            driver: Any = connection.connection.driver_connection
            table = _changed(before, dict(await_only(driver.fetch(_COUNTS))))
            if table:
                for work in self.traffic.works_on(connection):
                    early = not work.request.response_started
                    write = Write(f"a change of {table} by its driver", where, early)
                    work.writes.setdefault(None, write)


def _changed(before: Counts, after: Counts) -> str | None:
    """The first table that has more changes than before."""
    return next((name for name, count in after.items() if count > before.get(name, 0)), None)


def _ask(connection: Connection, question: str) -> list[tuple[Any, ...]]:
    """Ask below the engine, whose events the application may listen to."""
    # A transaction that has failed answers nothing.
    with suppress(Exception):
        cursor = connection.connection.cursor()
        try:
            cursor.execute(question)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()
    return []
