"""What a SQL statement does, told from its text and its parameters."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

_LEADING = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*", re.DOTALL)
_STRINGS = re.compile(r"'(?:[^']|'')*'")
_WRITE = re.compile(r"(insert|update|delete|merge|truncate|replace)\b", re.IGNORECASE)
_WRITE_IN_CTE = re.compile(
    r"\b(insert\s+into|update\s+[\w.\"]+\s+(as\s+\w+\s+)?set|delete\s+from|merge\s+into)\b",
    re.IGNORECASE,
)
_TABLE = re.compile(r"\b(?:into|update|from|truncate(?:\s+table)?)\s+([\w.\"]+)", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
#: Databases that store no time zone, so that values come back naive.
ZONELESS = ("sqlite", "mysql", "mariadb")


@lru_cache(maxsize=1024)
def classify(statement: str) -> Literal["select", "write"] | None:
    """Tell a statement that writes, or a SELECT that reads a table, from all others."""
    start = _LEADING.match(statement)
    body = statement[start.end() :] if start else statement
    if _WRITE.match(body):
        return "write"
    keyword = body[:6].lower()
    if keyword.startswith("with") and _WRITE_IN_CTE.search(_STRINGS.sub("", body)):
        return "write"
    if keyword.startswith(("select", "with")) and _FROM.search(body):
        return "select"
    return None


def describe_write(statement: str) -> str:
    """Name what a statement does, and to which table, without its values."""
    start = _LEADING.match(statement)
    keyword = re.match(r"\w+", statement[start.end() if start else 0 :])
    table = _TABLE.search(statement)
    verb = keyword.group().upper() if keyword else "write"
    return f"{'an' if verb[0] in 'AEIOU' else 'a'} {verb} of {table.group(1)}" if table else verb


def _is_naive(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is None


def has_naive(parameters: Any) -> bool:
    """Whether a naive datetime is among the values of one execution, or of many."""
    for value in parameters.values() if isinstance(parameters, dict) else parameters or ():
        if isinstance(value, datetime):
            if value.tzinfo is None:
                return True
        elif isinstance(value, (tuple, list, dict)) and has_naive(value):
            return True
    return False


def naive_column(context: Any) -> str | None:
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
                    return f"`{bind._orig_key}`"
    return None


def naive_argument(cursor: Any, statement: str, parameters: Any) -> str | None:
    """The argument of a text statement that asyncpg has found to be a timestamptz."""
    connection = getattr(cursor, "_adapt_connection", None)
    prepared = getattr(connection, "_prepared_statement_cache", None) or {}
    if statement not in prepared:
        return None
    types = prepared[statement][0].get_parameters()
    for row in parameters:
        for position, (type_, value) in enumerate(zip(types, row, strict=False), 1):
            if type_.name == "timestamptz" and _is_naive(value):
                return f"argument {position} of {one_line(statement)!r}"
    return None


def one_line(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= 120 else f"{line[:120]}…"
