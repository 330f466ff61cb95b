"""What an SQL statement does to a transaction, judging by its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

TEXT_OR_COMMENT = re.compile(
    r"'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/", re.DOTALL
)
MAY_END_TRANSACTION = re.compile(r"\b(COMMIT|END|ABORT|ROLLBACK|PREPARE)\b", re.IGNORECASE)
ENDS_TRANSACTION = re.compile(
    r"\s*(COMMIT|END|ABORT|ROLLBACK(?!(\s+(WORK|TRANSACTION))?\s+TO\b)|PREPARE\s+TRANSACTION)\b",
    re.IGNORECASE,
)
BODY_OF_FUNCTION = re.compile(r"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
READS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(SELECT|VALUES|TABLE|SHOW|WITH)\b", re.IGNORECASE | re.DOTALL
)
LOCKS_OR_WRITES = re.compile(
    r"\bFOR\s+((NO\s+)?KEY\s+)?(UPDATE|SHARE)\b|\b(INSERT|UPDATE|DELETE|MERGE|INTO)\b",
    re.IGNORECASE,
)
ABOUT_THE_SERVER = re.compile(
    r"\s*(SHOW\s+[\w ]+|SELECT\s+(pg_catalog\.)?(version|current_schema)\(\))\s*;?\s*$",
    re.IGNORECASE,
)
CHANGES_SCHEMA = re.compile(r"\s*(CREATE|ALTER|DROP)\b", re.IGNORECASE)
SAVEPOINTS = re.compile(
    r"\s*(?P<kind>(?P<begin>SAVEPOINT)"
    r"|(?P<rollback>ROLLBACK(\s+(WORK|TRANSACTION))?\s+TO(\s+SAVEPOINT)?)"
    r"|RELEASE(\s+SAVEPOINT)?)\s+\"?(?P<name>\w+)",
    re.IGNORECASE,
)
LISTENS = re.compile(r"\s*LISTEN\b", re.IGNORECASE)
NOTIFIES = re.compile(r"^\s*NOTIFY\b|\bpg_notify\s*\(", re.IGNORECASE)
ADVISORY_LOCK = re.compile(
    r"\bpg_(try_)?advisory_(lock|(?P<unlock>unlock))(_shared)?\s*\((?P<key>[^)]*)\)", re.IGNORECASE
)
FUNCTION = re.compile(r"(\w+)\"?\s*\(")
TEMPORARY_TABLE = re.compile(
    r"\bCREATE\s+(?:(?:GLOBAL|LOCAL)\s+)?TEMP(?:ORARY)?\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?:pg_temp\.)?(\"[^\"]+\"|\w+)[^;]*?\bON\s+COMMIT\s+DROP\b",
    re.IGNORECASE,
)
SET_LOCAL = re.compile(r"\bSET\s+LOCAL\s+(?:SESSION\s+)?(TIME\s+ZONE|[\w.]+)", re.IGNORECASE)
SET_CONFIG = re.compile(r"\bset_config\s*\(\s*(?:'([\w.]+)'|\$(\d+))", re.IGNORECASE)
FOR_THE_SESSION = re.compile(r",\s*'?(false|f)'?\s*(::\w+\s*)?\)", re.IGNORECASE)


@lru_cache(1000)
def ends_transaction(statement: str) -> bool:
    if not MAY_END_TRANSACTION.search(statement) or BODY_OF_FUNCTION.search(statement):
        return False
    parts = TEXT_OR_COMMENT.sub(" ", statement).split(";")
    return any(ENDS_TRANSACTION.match(part) for part in parts)


@lru_cache(1000)
def reads(statement: str) -> bool:
    """Return whether a statement writes nothing, unless a function in it does."""
    return READS.match(statement) is not None and not LOCKS_OR_WRITES.search(statement)


@lru_cache(1000)
def functions(statement: str) -> frozenset[str]:
    return frozenset(FUNCTION.findall(statement.lower()))


def dropped_at_commit(statement: str) -> Iterable[str]:
    return (f"pg_temp.{name}" for name in TEMPORARY_TABLE.findall(statement))


def local_settings(statement: str, arguments: tuple[Any, ...]) -> Iterator[str]:
    """Yield the names of the settings that last until the end of the transaction."""
    for name in SET_LOCAL.findall(statement):
        yield "timezone" if name.upper().startswith("TIME") else name.lower()
    if not FOR_THE_SESSION.search(statement) and False not in arguments:
        for name, number in SET_CONFIG.findall(statement):
            yield name or arguments[int(number) - 1]
