"""The declarative base, the engine, and the session of a request."""

import importlib
import pkgutil
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from sqlalchemy import DateTime, MetaData
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from starlette.requests import HTTPConnection

import app


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
    return create_async_engine(database_url, pool_pre_ping=True)


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Open a session for one request. Changes that are not committed are rolled back."""
    async with connection.app.state.sessionmaker() as session:
        yield session


async def release_connection(session: AsyncSession) -> None:
    """Give the connection back to the pool before waiting for something else than the database.

    This ends the transaction: do it between reading and writing. What was read stays loaded.
    """
    # Unlike a rollback, a commit does not expire what was read.
    await session.commit()


SessionDep = Annotated[AsyncSession, Depends(get_session)]


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint or unique index that an insert or update violated."""
    # Only asyncpg's error, which SQLAlchemy wraps, has the name.
    return getattr(error.orig and error.orig.__cause__, "constraint_name", None)
