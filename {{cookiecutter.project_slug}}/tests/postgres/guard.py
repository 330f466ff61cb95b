"""Keeps tests away from databases that are not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asyncpg import connect_utils
from sqlalchemy import Dialect, Engine, event, make_url


class ForeignDatabaseError(Exception):
    """A connection to a database that is not for tests."""

    def __init__(self, database: str | None) -> None:
        super().__init__(
            f"The database {database!r} is not a test database, and may hold real data. Connect "
            "to the URL that `migrate` and `running_app` are given."
        )


class SocketURLError(Exception):
    """A URL whose socket asyncpg would not use."""

    def __init__(self, database: str | None) -> None:
        super().__init__(
            f"The URL of {database!r} names a host and a socket, and asyncpg would connect to the "
            "host: only SQLAlchemy reads it so. Set `over_tcp = True` in app_under_test.py."
        )


@contextmanager
def only_databases(prefix: str) -> Iterator[None]:
    """Refuse connections to PostgreSQL unless the database or application has this prefix.

    Raises:
        ForeignDatabaseError: (where something connects) The database has another name.
        SocketURLError: (where asyncpg connects) It is on a socket that is not used.
    """

    def check(parameters: dict[str, Any]) -> None:
        database = database_of(parameters)
        application = (parameters.get("server_settings") or {}).get("application_name")
        names = [name for name in (database, application) if name and name.startswith(prefix)]
        if not names:
            raise ForeignDatabaseError(database)

    def check_engine(dialect: Dialect, _: object, __: object, parameters: dict[str, Any]) -> None:
        if dialect.name == "postgresql":
            check(parameters)

    async def connect(**parameters: Any) -> Any:
        check(parameters)
        if _loses_socket(parameters):
            raise SocketURLError(database_of(parameters))
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


def database_of(parameters: dict[str, Any]) -> str | None:
    """Return the database that the arguments of a driver name."""
    # asyncpg and psycopg name it differently.
    database: str | None = parameters.get("database") or parameters.get("dbname")
    if database is None and parameters.get("dsn"):
        database = make_url(parameters["dsn"]).database
    return database


def _loses_socket(parameters: dict[str, Any]) -> bool:
    """Whether the arguments of asyncpg have a socket in the URL that it does not connect to."""
    if not parameters.get("dsn") or parameters.get("host"):
        return False
    url = make_url(parameters["dsn"])
    return bool(url.host and str(url.query.get("host", "")).startswith("/"))
