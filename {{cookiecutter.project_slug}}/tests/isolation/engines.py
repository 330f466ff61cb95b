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
from .errors import OtherDriverError, OtherServerError, SeparateConnectionError
from .lent import LentConnection

DATABASE = "isolated database"
ADDRESS = {"host", "port", "user", "password", "database", "dbname", "dsn"}

#: The connection of the running test, by the name of its database.
_shared: dict[str | None, SharedConnection] = {}

#: The engines of the app that connect elsewhere, by their dialects: each engine has its own.
_rebound: dict[Dialect, Rebound] = {}

#: The databases that engines have connected to, and their drivers, while somebody asks for it.
_watched: dict[str, set[str]] = {}


class Rebound:
    """Where an engine connects to, instead of where it was made to."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._parameters: dict[str, Any] | None = None
        self._original: dict[str, Any] = {}

    def change(self, dialect: Dialect, parameters: dict[str, Any]) -> None:
        """Replace the address in what the engine connects with."""
        if self._parameters is None:
            self._parameters, self._original = parameters, dict(parameters)
        # Its other options are those of the app, but whether there is TLS depends on the server.
        for name in list(parameters):
            if name in ADDRESS or name.startswith("ssl"):
                del parameters[name]
        parameters.update(dialect.create_connect_args(self.url)[1])

    def undo(self) -> None:
        if self._parameters is not None:
            self._parameters.clear()
            self._parameters.update(self._original)


@contextmanager
def lending(database: str | None, shared: SharedConnection) -> Iterator[None]:
    """Give every engine that connects to a database the connection of the test."""
    # `asyncpg.connect`, under whatever name, and the pools of asyncpg call this function.
    original = connect_utils._connect

    async def connect(**parameters: Any) -> Any:
        if _database(parameters) == database:
            raise OtherDriverError("`asyncpg.connect`")
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
    _rebound[dialect] = Rebound(url_for(dialect.driver, database_url))
    try:
        yield
    finally:
        await _dispose(engine)
        _rebound.pop(dialect).undo()


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


def target_of(dialect: Dialect) -> str | None:
    """Return the database that an engine of the app has been rebound to."""
    return _rebound[dialect].url.database if dialect in _rebound else None


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
def _connect(dialect: Any, record: Any, _: object, parameters: dict[str, Any]) -> Any:
    if dialect in _rebound:
        _rebound[dialect].change(dialect, parameters)
    database = _database(parameters)
    if record is not None:
        record.record_info[DATABASE] = database
    if database in _watched:
        _watched[database].add(dialect.driver)
    shared = _shared.get(database)
    if shared is None:
        return None
    if dialect.driver != "asyncpg":
        raise shared.refuse(OtherDriverError(dialect.driver))
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
