"""The declarative base, the engine, and the session of a request."""

import importlib
import pkgutil
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from sqlalchemy import DateTime, MetaData, make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from starlette.requests import HTTPConnection

import app

DEFAULT_PORT = 5432


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


def create_engine(database_url: str) -> AsyncEngine:
    """Create the engine of this process. It connects at the first query."""
    url = make_url(database_url)
    # What the URL leaves out is not left to PGPORT and its like, which may be about another server.
    # A password, certificates and the mode of TLS may come from there.
    if not url.port and "host" not in url.query:
        url = url.set(port=DEFAULT_PORT)
    arguments = {"target_session_attrs": url.query.get("target_session_attrs", "any")}
    return create_async_engine(url, pool_pre_ping=True, connect_args=arguments)


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Open a session for one request. Changes that are not committed are rolled back."""
    async with connection.app.state.sessionmaker() as session:
        yield session


async def get_read_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Open a session that only reads, on the replica if there is one.

    A write is an error, with or without a replica. A replica may be some time behind: what a client
    has just written itself is only sure to be in `get_session`.
    """
    async with connection.app.state.read_sessionmaker() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
ReadSessionDep = Annotated[AsyncSession, Depends(get_read_session)]


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint or unique index that an insert or update violated."""
    # Only asyncpg's error, which SQLAlchemy wraps, has the name.
    return getattr(error.orig and error.orig.__cause__, "constraint_name", None)
