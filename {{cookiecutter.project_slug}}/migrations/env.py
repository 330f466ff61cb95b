"""Runs the migrations, online or as SQL (`--sql`), on the database of the app's settings."""

import asyncio
import logging
import sys
from contextlib import aclosing
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from sqlalchemy import Connection, Interval, Table, TypeDecorator, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.config import DatabaseSettings, load_settings
from app.database import Base, import_models
from migrations.operations import is_for_models

import_models()


def database_url() -> str:
    # A caller from Python hands its own URL over in the attributes.
    given: str | None = context.config.attributes.get("database_url")
    return given or load_settings(DatabaseSettings).database_url


def is_included(
    item: object, name: str | None, kind: str, reflected: bool, compare_to: object
) -> bool:
    """Leave out what the migrations make by SQL: neither create a view, nor drop an index."""
    if compare_to is not None:
        return True
    if reflected:
        return is_for_models(kind, str(name))
    if isinstance(item, Table):
        # A model may stand for a view.
        return not inspect(context.get_bind()).has_table(item.name, item.schema)
    return True


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Name the database's type for one of the app, which a later version may do without."""
    if kind == "type" and isinstance(item, TypeDecorator) and not isinstance(item, Interval):
        return _repr_type(item.load_dialect_impl(autogen.dialect), autogen)
    return False


def run_migrations(connection: Connection | None = None) -> None:
    context.configure(
        connection=connection,
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        include_object=is_included,
        include_schemas=True,
        render_item=render_item,
        compare_server_default=True,
        # A value that one migration adds to an enum can be used in the next.
        transaction_per_migration=True,
        literal_binds=connection is None,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_online() -> None:
    engine = create_async_engine(database_url(), poolclass=NullPool)
    try:
        connection = await engine.connect()
    except (OSError, SQLAlchemyError) as error:
        if not context.config.cmd_opts:
            raise
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        sys.exit(f"DATABASE_URL: the server {engine.url.host} does not let us in: {reason}.")
    async with aclosing(connection):
        await connection.run_sync(run_migrations)


if context.config.cmd_opts:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s [%(name)s] %(message)s")
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)

if context.is_offline_mode():
    run_migrations()
else:
    asyncio.run(run_online())
