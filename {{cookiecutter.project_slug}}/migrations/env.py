"""Runs the migrations, online or as SQL (`--sql`), on the database of the app's settings."""

import asyncio
import logging
import sys
from contextlib import aclosing

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.config import DatabaseSettings, MigrationSettings, load_settings
from app.database import Base, create_engine, import_models
from migrations.autogenerate import complete, include_object, render_item
from migrations.locks import lock_timeout, one_at_a_time, set_lock_timeout

import_models()


def database_url() -> str:
    # A caller in Python passes its own URL in the attributes.
    given: str | None = context.config.attributes.get("database_url")
    return given or load_settings(DatabaseSettings).database_url


def run_migrations(connection: Connection | None = None) -> None:
    context.configure(
        connection=connection,
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        include_object=include_object,
        include_schemas=True,
        render_item=render_item,
        process_revision_directives=complete,
        compare_server_default=True,
        # A value that one migration adds to an enum can be used in the next.
        transaction_per_migration=True,
        literal_binds=connection is None,
    )
    seconds = load_settings(MigrationSettings).migration_lock_timeout
    with context.begin_transaction():
        if connection is None:
            context.execute(set_lock_timeout(seconds))
            context.run_migrations()
        elif "destination_rev" not in context.get_context().opts:
            # It only reads.
            context.run_migrations()
        else:
            with one_at_a_time(connection), lock_timeout(connection, seconds):
                context.run_migrations()


async def run_online() -> None:
    engine = create_engine(database_url(), limits=None)
    try:
        connection = await engine.connect()
    except (OSError, SQLAlchemyError) as error:
        if not context.config.cmd_opts:
            raise
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        sys.exit(f"DATABASE_URL: could not connect to the server {engine.url.host}: {reason}.")
    async with aclosing(connection):
        await connection.run_sync(run_migrations)


if context.config.cmd_opts:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s [%(name)s] %(message)s")
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)

if context.is_offline_mode():
    run_migrations()
else:
    asyncio.run(run_online())
