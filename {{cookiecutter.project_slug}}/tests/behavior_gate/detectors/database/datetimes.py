"""Datetimes without a time zone, for columns with one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ... import rules
from ...asgi import here
from ...sql import one_line
from .records import Statement
from .traffic import Part

#: Databases that store no time zone, so that values come back naive.
_ZONELESS = ("sqlite", "mysql", "mariadb")


class Datetimes(Part):
    """Looks at the types of what naive datetimes are bound to."""

    def executed(self, statement: Statement) -> None:
        if statement.connection.dialect.name in _ZONELESS or not _has_naive(statement.parameters):
            return
        column = _column(statement.context)
        if column is None and statement.context.is_text:
            column = _argument(statement)
        if column is not None:
            self.gate.report(
                rules.NAIVE_DATETIME,
                what=f"{statement.request} bound a datetime without a time zone to"
                f" {column}, which stores one",
                where=here(self.gate),
            )


def _is_naive(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is None


def _has_naive(parameters: Any) -> bool:
    """Whether a naive datetime is among the values of one execution, or of many."""
    for value in parameters.values() if isinstance(parameters, dict) else parameters or ():
        if isinstance(value, datetime):
            if value.tzinfo is None:
                return True
        elif isinstance(value, (tuple, list, dict)) and _has_naive(value):
            return True
    return False


def _column(context: Any) -> str | None:
    """The bind of a compiled statement whose type has a time zone and whose value has none."""
    for key, bind in getattr(context.compiled, "binds", {}).items():
        if not getattr(bind.type, "timezone", False):
            continue
        process = bind.type.dialect_impl(context.dialect).bind_processor(context.dialect)
        for row in context.compiled_parameters:
            values = [row.get(key)]
            if bind.expanding:
                values = [value for name, value in row.items() if name.startswith(f"{key}_")]
            for value in values:
                if _is_naive(value) and (process is None or _is_naive(process(value))):
                    # The key of a literal is made of its column's name and a number.
                    return f"`{getattr(bind, '_orig_key', key)}`"
    return None


def _argument(statement: Statement) -> str | None:
    """The argument of a text statement that asyncpg has found to be a timestamptz."""
    from sqlalchemy.util import await_only

    if statement.connection.dialect.driver != "asyncpg":
        return None
    driver: Any = statement.connection.connection.driver_connection
    types = await_only(driver.prepare(statement.text)).get_parameters()
    for row in statement.context.parameters:
        for position, (type_, value) in enumerate(zip(types, row, strict=False), 1):
            if type_.name == "timestamptz" and _is_naive(value):
                return f"argument {position} of {one_line(statement.text)!r}"
    return None
