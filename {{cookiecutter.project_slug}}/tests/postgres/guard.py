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


@contextmanager
def only_databases(prefix: str) -> Iterator[None]:
    """Refuse connections to PostgreSQL unless the database or application has this prefix.

    Raises:
        ForeignDatabaseError: (where something connects) The database has another name.
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
