"""Locks: one process migrates a database at a time, and no migration waits long for a table."""

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

ROOT = Path(__file__).resolve().parent.parent
LOCK_NOT_AVAILABLE = "55P03"
PAUSE_S = 0.1

TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('migrations'))")
# Whichever of them this version of PostgreSQL has.
NO_LIMITS = text(
    "SELECT set_config(name, '0', true) FROM pg_settings "
    "WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)

logger = logging.getLogger("alembic.runtime.migration")


@contextmanager
def one_at_a_time(connection: Connection) -> Iterator[None]:
    """Wait until no other process migrates this database, and make others wait.

    The lock belongs to a transaction on a second connection. The one that migrates has many
    transactions, each of which may run in another session behind PgBouncer.
    """
    with connection.engine.connect() as holder:
        waiting = False
        while not holder.scalar(TRY_LOCK):
            # CREATE INDEX CONCURRENTLY waits for each transaction in the middle of a statement.
            holder.rollback()
            if not waiting:
                logger.info("Waiting for another process, which migrates this database.")
            waiting = True
            time.sleep(PAUSE_S)
        holder.execute(NO_LIMITS)
        # The last statement must have no snapshot, for which CREATE INDEX CONCURRENTLY would wait.
        holder.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def set_lock_timeout(seconds: float, command: str = "SET") -> str:
    """Return the SQL that limits how long a statement waits for a lock."""
    return f"{command} lock_timeout = '{max(1, round(seconds * 1000))}ms'"


@contextmanager
def lock_timeout(connection: Connection, seconds: float) -> Iterator[None]:
    """Limit how long a statement in a transaction waits for a lock: all others wait behind it.

    A statement outside of one, such as CREATE INDEX CONCURRENTLY, lets them pass.

    Raises:
        CommandError: A statement waited longer.
    """

    def limit(begun: Connection) -> None:
        if begun.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            begun.exec_driver_sql(set_lock_timeout(seconds, "SET LOCAL"))

    event.listen(connection, "begin", limit)
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        statement = " ".join(str(error.statement).split())
        raise CommandError(
            f"{place_of(error)}no lock within {seconds:g} s, as another transaction holds it: "
            f"{statement}. This migration was rolled back, those before it are done. Run the "
            "command again, or set MIGRATION_LOCK_TIMEOUT to more seconds."
        ) from error
    finally:
        event.remove(connection, "begin", limit)


def place_of(error: Exception) -> str:
    """Return the line of the migration that failed."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT / "migrations" / "versions"):
            return f"{path.relative_to(ROOT)}:{frame.lineno}: "
    return ""
