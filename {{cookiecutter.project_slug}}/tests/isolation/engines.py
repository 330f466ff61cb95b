"""What engines get when they connect to a test database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from asyncpg import connect_utils
from sqlalchemy import URL, Dialect, Engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import Pool

from .connection import SharedConnection
from .errors import OtherServerError, SeparateConnectionError
from .lent import LentConnection

DATABASE = "isolated database"
ADDRESS = {"host", "port", "user", "password", "database", "dbname", "dsn"}

#: The connection of the running test, by the name of its database.
_shared: dict[str | None, SharedConnection] = {}

#: Where the engines of the app connect to, by their dialects: each engine has its own.
_rebound: dict[Dialect, URL] = {}

#: The databases that engines have connected to, and their drivers, while somebody asks for it.
_watched: dict[str, set[str]] = {}


@contextmanager
def lending(database: str | None, shared: SharedConnection) -> Iterator[None]:
    """Give every engine that connects to a database the connection of the test."""
    # `asyncpg.connect`, under whatever name, and the pools of asyncpg call this function.
    original = connect_utils._connect

    async def connect(**parameters: Any) -> Any:
        if _database(parameters) == database:
            raise SeparateConnectionError("`asyncpg.connect` opens another one")
        return await original(**parameters)

    _shared[database] = shared
    connect_utils._connect = connect
    try:
        with shared.lent():
            yield
    finally:
        connect_utils._connect = original
        del _shared[database]


@asynccontextmanager
async def rebound(engine: AsyncEngine | Engine, database_url: str) -> AsyncIterator[None]:
    """Let an engine of the app connect to another database.

    For an engine that was made when the app was imported. It stays what it is for all that has a
    reference to it, with its options.

    Raises:
        OtherServerError: The engine is not for PostgreSQL.
    """
    dialect = engine.dialect
    if dialect.name != "postgresql":
        raise OtherServerError(dialect.name)
    await _dispose(engine)
    _rebound[dialect] = url_for(dialect.driver, database_url)
    try:
        yield
    finally:
        await _dispose(engine)
        del _rebound[dialect]


async def _dispose(engine: AsyncEngine | Engine) -> None:
    if isinstance(engine, AsyncEngine):
        await engine.dispose()
    else:
        engine.dispose()


def url_for(driver: str, database_url: str) -> URL:
    """Return the URL of a test database for another driver."""
    url = make_url(database_url)
    ssl = "ssl" if driver == "asyncpg" else "sslmode"
    query = {ssl if name in {"ssl", "sslmode"} else name: text for name, text in url.query.items()}
    return url.set(drivername=f"postgresql+{driver}", query=query)


@contextmanager
def drivers_used(database: str) -> Iterator[set[str]]:
    """Collect the drivers with which engines connect to a database."""
    used = _watched[database] = set()
    try:
        yield used
    finally:
        del _watched[database]


def targets_of(dialect: Dialect) -> str | None:
    """Return the database that an engine of the app has been rebound to."""
    return _rebound[dialect].database if dialect in _rebound else None


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
def _connect(dialect: Any, record: Any, args: list[Any], parameters: dict[str, Any]) -> Any:
    url = _rebound.get(dialect)
    if url is not None:
        args, address = dialect.create_connect_args(url)
        # Its other options are those of the app, but whether there is TLS depends on the server.
        options = {
            name: value
            for name, value in parameters.items()
            if name not in ADDRESS and not name.startswith("ssl")
        }
        parameters = options | address
    database = _database(parameters)
    if record is not None:
        record.record_info[DATABASE] = database
    if database in _watched:
        _watched[database].add(dialect.driver)
    shared = _shared.get(database)
    if shared is None:
        return dialect.connect(*args, **parameters) if url is not None else None
    if dialect.driver != "asyncpg":
        raise shared.refuse(SeparateConnectionError(f"{dialect.driver} opens another one"))
    if shared.connection.is_closed():
        raise shared.refuse(
            SeparateConnectionError("it was closed, so an engine opens another one")
        )
    if not shared.is_on_this_loop():
        raise shared.refuse(SeparateConnectionError("another event loop opens its own"))
    settings = parameters.get("server_settings") or {}
    return dialect.connect(async_creator_fn=lambda: LentConnection(shared, settings))


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
