"""The declarative base, the engine, and the session of a request."""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Depends
from sqlalchemy import DateTime, MetaData, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry, NullPool
from starlette.requests import HTTPConnection

import app
from app.config import Limits
from app.database_errors import in_one_line, on_error
from app.database_url import DEFAULT_PORT, for_engine

DEFAULT_LIMITS = Limits()

GRACE_S = 2.0
"""Seconds that a response of the server may take, besides the statement itself."""


class Base(DeclarativeBase):
    """The base of all models."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012


def import_models() -> None:
    """Import every `models` module below `app`, so that `Base.metadata` knows each table."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection whose transactions have limits of time."""

    limits = ""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        if query.startswith("BEGIN"):
            # In the same message, they take no round trip. PgBouncer would refuse them as options
            # of the connection, and would give them to others as settings of the session.
            query += self.limits
        status: str = await super().execute(query, *args, timeout=timeout)
        return status


def create_engine(database_url: str, limits: Limits | None = DEFAULT_LIMITS) -> AsyncEngine:
    """Create the engine of this process. It connects at the first query.

    It also works through PgBouncer, which may use another connection for each transaction: no
    statement stays prepared, and no setting lasts longer than a transaction.

    Args:
        limits: None for migrations, which may take long, and need no pool.

    Raises:
        ValueError: The URL is not that of a database, or has an option that can't be respected.
    """
    url, connect_args = for_engine(database_url)
    # What the URL leaves out is not left to PGPORT and its like, which may be about another server.
    # A password, certificates and the mode of TLS may come from there.
    if not url.port and "host" not in url.query and "port" not in connect_args:
        url = url.set(port=int(DEFAULT_PORT))
    if "target_session_attrs" not in connect_args.get("dsn", ""):
        connect_args["target_session_attrs"] = "any"
    # One of the URL wins.
    connect_args = {"timeout": (limits or DEFAULT_LIMITS).database_connect_timeout} | connect_args
    options: dict[str, Any] = {"poolclass": NullPool}
    if limits:
        # A server that does not keep the limit of a statement no longer responds.
        connect_args["command_timeout"] = limits.database_statement_timeout + GRACE_S
        options = {
            "pool_size": limits.database_pool_size,
            "max_overflow": limits.database_max_overflow,
            "pool_timeout": limits.database_pool_timeout,
        }

    async def connect(**arguments: Any) -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(connection_class=Connection, **arguments)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # SQLAlchemy leaves some of them as they are.
            raise asyncpg.CannotConnectNowError(in_one_line(error)) from error
        connection.limits = limits.as_sql() if limits else ""
        return connection

    engine = create_async_engine(
        url,
        hide_parameters=True,
        connect_args=connect_args
        | {
            "async_creator_fn": connect,
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
        },
        **options,
    )
    event.listen(engine.sync_engine, "handle_error", on_error)
    event.listen(engine.sync_engine, "checkout", renew_if_closed)
    return engine


def renew_if_closed(_: object, record: ConnectionPoolEntry, __: object) -> None:
    """Do not take a connection from the pool that the server has closed, as after a restart.

    The driver knows without asking the server, which `pool_pre_ping` would do at each request.
    """
    connection: Any = record.driver_connection
    if connection.is_closed():
        raise DisconnectionError


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Open a session for one request. Changes that are not committed are rolled back."""
    session: AsyncSession = connection.app.state.sessionmaker()
    try:
        yield session
    finally:
        await close(session)


async def close(session: AsyncSession) -> None:
    """End a session after its request.

    A connection that fails here is discarded. The response has been sent, or the endpoint has
    failed for a better reason.
    """
    with suppress(DBAPIError):
        await asyncio.shield(session.close())


async def release_connection(session: AsyncSession) -> None:
    """Give the connection back to the pool before waiting for something else than the database.

    This ends the transaction: do it between reading and writing. What was read stays loaded.
    """
    # Unlike a rollback, a commit does not expire what was read.
    await session.commit()


async def get_read_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Open a session that only reads, on the replica if there is one.

    A write is an error, with or without a replica. A replica may be some time behind: what a client
    has just written itself is only sure to be in `get_session`.
    """
    session: AsyncSession = connection.app.state.read_sessionmaker()
    try:
        yield session
    finally:
        await close(session)


SessionDep = Annotated[AsyncSession, Depends(get_session)]
ReadSessionDep = Annotated[AsyncSession, Depends(get_read_session)]


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint or unique index that an insert or update violated."""
    # Only asyncpg's error, which SQLAlchemy wraps, has the name.
    return getattr(error.orig and error.orig.__cause__, "constraint_name", None)
