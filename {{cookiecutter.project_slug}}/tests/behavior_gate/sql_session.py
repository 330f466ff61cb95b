"""What a statement of PostgreSQL may leave to its session, told from its text."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

#: What is longer holds a list of rows or keys.
_LENGTH = 10_000
_MAY_CHANGE = re.compile(
    r"^\s*(?:set|listen)\b|;|\bset_config\b|advisory_lock|^\s*(?:--|/\*)", re.I
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
#: States of a session that are no settings.
LOCK = "advisory lock"
LISTEN = "listen"
_LOCKS = re.compile(r"\bpg_(?:try_)?advisory_lock(?:_shared)?\s*\(", re.IGNORECASE)
_SET_CONFIG = re.compile(r"\bset_config\s*\(\s*(?:'([^']+)'|\$(\d+)|%\((\w+)\)s)", re.IGNORECASE)
_SETS = re.compile(
    r"\s*(?:set\s+(?:session\s+(?!characteristics|authorization))?"
    r"(?P<name>(?!local\b|transaction\b|constraints\b|session\b)[\w.\"]+)"
    r"|(?P<listen>listen)\b|set\s+session\s+(?P<session>characteristics|authorization)\b)",
    re.IGNORECASE,
)
#: What has a grammar of its own.
_SETTINGS = {
    "time": "TimeZone",
    "names": "client_encoding",
    "schema": "search_path",
    "authorization": "session_authorization",
}


def session_state(statement: str, parameters: Any) -> set[str]:
    """Name the settings and other states that a statement may leave to its session.

    What it sets for the transaction alone may be among them.
    """
    names, places = _session_state(statement)
    named = set(names)
    for place in places:
        with suppress(LookupError, TypeError):
            named.add(str(parameters[place]))
    return named


@lru_cache(maxsize=1024)
def _session_state(statement: str) -> tuple[frozenset[str], tuple[int | str, ...]]:
    """The states that its text names, and the parameters that name one."""
    if len(statement) > _LENGTH or not _MAY_CHANGE.search(statement):
        return frozenset(), ()
    names: set[str] = set()
    places: list[int | str] = []
    for part in _COMMENTS.sub(" ", statement).split(";"):
        match = _SETS.match(part)
        if match and match["listen"]:
            names.add(LISTEN)
        elif match and (match["session"] or "").lower() == "characteristics":
            names |= {"default_transaction_isolation", "default_transaction_read_only"}
        elif match:
            name = (match["name"] or match["session"]).replace('"', "")
            names.add(_SETTINGS.get(name.lower(), name))
    if _LOCKS.search(statement):
        names.add(LOCK)
    for literal, number, key in _SET_CONFIG.findall(statement):
        if literal:
            names.add(literal)
        else:
            places.append(key or int(number) - 1)
    return frozenset(names), tuple(places)
