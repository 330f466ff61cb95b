"""What an error of the database means, and what of it may be logged.

The codes are those of https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

import re
from typing import Any

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# The same request may succeed later: the connection or its server has failed (08, 57, 58) or has
# no resources (53), it does not let us in (28, 3D), it is read-only (25006), a limit of time has
# passed (25P03, 25P04, 55P03), or another transaction had to be preferred (40).
TEMPORARY = ("08", "25006", "25P03", "25P04", "28", "3D", "40", "53", "55P03", "57", "58")
# Something is not there: a schema, a table, a column, a function, or a type.
MISSING = ("3F000", "42P01", "42703", "42704", "42883")
INVALID_VALUE = "22"
# A character that is not in UTF-8, or that a text or JSON can't store: a NUL.
INVALID_TEXT = ("22021", "22P05")
INVALID_REPRESENTATION = "22P02"
VALUES = re.compile(r"""(?<=\$)(\d+): .*|["'].*["']""", re.DOTALL)


def is_temporary(error: DBAPIError | PoolTimeout) -> bool:
    """Return whether it is about the state of the database, and not about the request."""
    if isinstance(error, PoolTimeout):
        return True
    return error.connection_invalidated or sqlstate(error).startswith(TEMPORARY)


def is_about_schema(error: SQLAlchemyError) -> bool:
    """Return whether a part of the schema is missing."""
    return sqlstate(error) in MISSING


def is_about_text(error: SQLAlchemyError) -> bool:
    """Return whether a text has a character that the database can't store."""
    code = sqlstate(error)
    # Half of a surrogate pair in JSON has a code that it shares with errors of the app.
    in_json = code == INVALID_REPRESENTATION and "type json" in in_one_line(error)
    return code in INVALID_TEXT or in_json


def sqlstate(error: SQLAlchemyError | None) -> str:
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def in_one_line(error: BaseException | None) -> str:
    """Return the message of the driver or the server, without what SQLAlchemy adds to it."""
    return str(getattr(error, "orig", error)).partition("\n")[0] or type(error).__name__


def on_error(context: ExceptionContext) -> DBAPIError | None:
    """Keep the values of rows and parameters out of an error, which may be logged anywhere.

    A listener of SQLAlchemy's `handle_error`.
    """
    error = context.original_exception
    if isinstance(error, TimeoutError):
        # asyncpg's own limit, which SQLAlchemy does not know: the server no longer responds.
        error.args = ("the server did not respond in time",)
        context.is_disconnect = True
        return OperationalError(
            context.statement, None, error, hide_parameters=True, connection_invalidated=True
        )
    of_driver: Any = error.__cause__
    if not isinstance(of_driver, (asyncpg.PostgresError, asyncpg.InterfaceError)):
        return None
    # The server quotes a whole row there, with the hash of its password.
    error.detail = of_driver.detail = None  # type: ignore[attr-defined]
    if isinstance(of_driver.__cause__, UnicodeEncodeError):
        error.sqlstate = INVALID_TEXT[0]  # type: ignore[attr-defined]
    # The driver has no code for other arguments that it can't send.
    if (sqlstate(context.sqlalchemy_exception) or INVALID_VALUE).startswith(INVALID_VALUE):
        of_driver.__cause__ = of_driver.__context__ = None
        for each in filter(None, (error, of_driver, context.sqlalchemy_exception)):
            each.args = (VALUES.sub(r"\1...", str(each.args[0])), *each.args[1:])
    return None
