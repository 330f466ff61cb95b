"""What engines get when they connect to a test database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asyncpg import connect_utils
from sqlalchemy import Dialect, Engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import Pool

from .connection import LentConnection, SharedConnection
from .errors import ForeignDatabaseError, SeparateConnectionError

DATABASE = "isolated database"

#: The connection of the running test, by the name of its database.
_shared: dict[str | None, SharedConnection] = {}


@contextmanager
def lending(database: str | None, shared: SharedConnection) -> Iterator[None]:
    """Give every engine that connects to a database the connection of the test."""
    _shared[database] = shared
    try:
        with shared.lent():
            yield
    finally:
        del _shared[database]


@contextmanager
def only_databases(prefix: str) -> Iterator[None]:
    """Refuse connections to PostgreSQL unless the database or application has this prefix."""

    def check(parameters: dict[str, Any]) -> None:
        database = _database(parameters)
        application = (parameters.get("server_settings") or {}).get("application_name")
        names = [name for name in (database, application) if name and name.startswith(prefix)]
        if not names:
            raise ForeignDatabaseError(database)

    def check_engine(dialect: Dialect, _: object, __: object, parameters: dict[str, Any]) -> None:
        if dialect.name == "postgresql":
            check(parameters)

    async def connect(**parameters: Any) -> Any:
        check(parameters)
        if _database(parameters) in _shared:
            raise SeparateConnectionError("`asyncpg.connect` opens another one")
        return await original(**parameters)

    # `asyncpg.connect`, under whatever name, and the pools of asyncpg call this function.
    original = connect_utils._connect
    connect_utils._connect = connect
    event.listen(Engine, "do_connect", check_engine)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", check_engine)
        connect_utils._connect = original


@contextmanager
def connections_of_this_loop() -> Iterator[None]:
    """Keep connections of other event loops out of the pools.

    Starlette's TestClient runs each request on a separate loop, which is closed afterwards.
    """
    loop = asyncio.get_running_loop()

    def end(_: object, record: Any) -> None:
        if asyncio._get_running_loop() not in {None, loop}:
            record.invalidate()

    event.listen(Pool, "checkin", end)
    try:
        yield
    finally:
        event.remove(Pool, "checkin", end)


@event.listens_for(Engine, "do_connect")
def _lend(dialect: Any, record: Any, _: object, parameters: dict[str, Any]) -> Any:
    database = _database(parameters)
    if record is not None:
        record.record_info[DATABASE] = database
    shared = _shared.get(database)
    if shared is None:
        return None
    if dialect.driver != "asyncpg":
        raise shared.refuse(SeparateConnectionError(f"{dialect.driver} opens another one"))
    if shared.connection.is_closed():
        raise shared.refuse(
            SeparateConnectionError("it was closed, so an engine opens another one")
        )
    if not shared.is_on_this_loop():
        raise shared.refuse(SeparateConnectionError("another event loop opens its own"))
    settings = parameters.get("server_settings")
    return dialect.connect(async_creator_fn=lambda: shared.lend(settings))


@event.listens_for(Pool, "checkout")
def _renew(connection: Any, record: Any, _: object) -> None:
    """Discard a pooled connection that was opened for another test, or outside of any."""
    if DATABASE not in record.record_info:
        return
    shared = _shared.get(record.record_info[DATABASE])
    lent = getattr(connection, "_connection", None)
    if not isinstance(lent, LentConnection):
        if shared is not None:
            raise DisconnectionError
    elif lent.shared is not shared:
        raise DisconnectionError
    else:
        lent.is_connected = True


def _database(parameters: dict[str, Any]) -> str | None:
    # asyncpg and psycopg name it differently.
    database: str | None = parameters.get("database") or parameters.get("dbname")
    if database is None and parameters.get("dsn"):
        database = make_url(parameters["dsn"]).database
    return database
