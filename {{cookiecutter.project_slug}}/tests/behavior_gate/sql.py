"""What a SQL statement does, told from its text and its parameters."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, Literal, NamedTuple

_TEXT = r"'(?:[^']|'')*'"
_COMMENT = r"--[^\n]*|/\*.*?\*/"
#: In texts and comments, no word is a keyword.
_OPAQUE = re.compile(
    rf"\b[eE]'(?:[^'\\]|\\.|'')*'|{_TEXT}|\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$|{_COMMENT}",
    re.DOTALL,
)
#: EXPLAIN ANALYZE executes what follows.
_LEADING = re.compile(
    rf"(?:[\s(]|{_COMMENT})*"
    r"(?:explain\s+(?:analy[sz]e\b(?:\s+verbose\b)?|\([^)]*\banaly[sz]e\b[^)]*\))\s*)?",
    re.DOTALL | re.IGNORECASE,
)
_WRITE = re.compile(
    r"(?:insert|update|delete|merge|truncate|replace)\b|copy\b[^;(]*(?:\([^)]*\))?\s*from\b",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|[^\W\d][\w$]*)'
_TABLE = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_ONLY = r"(?:only\b\s*\(?\s*)?"
#: A verb and its table. `UPDATE` needs its `SET`, since there is `FOR UPDATE OF` as well.
_TARGET = re.compile(
    rf"""\b(?:
        (insert|replace|merge) (?:\s+or\s+\w+|\s+ignore)? \s+into
        | (delete) \s+from
        | (truncate) (?:\s+table)?
        | (copy) (?= \s+ {_TABLE} \s* (?:\([^)]*\))? \s* from\b )
        | (update) (?:\s+or\s+\w+)?
          (?= \s+ {_ONLY} {_TABLE} \s* [*)]? (?:\s*(?:\bas\s+)?{_NAME})? \s* \bset\b )
    ) \s+ {_ONLY} ({_TABLE})""",
    re.IGNORECASE | re.VERBOSE,
)
_TEMPORARY = re.compile(
    rf"""\b(?:
        create \s+ (?:(?:local|global)\s+)? temp(?:orary)? \s+table\s+ (?:if\s+not\s+exists\s+)?
        | create \s+table\s+ (?:if\s+not\s+exists\s+)? (?="?pg_temp\b)
        | into \s+ (?:local\s+)? temp(?:orary)? \s+ (?:table\s+)?
    ) ({_TABLE})""",
    re.IGNORECASE | re.VERBOSE,
)
#: A value in a SELECT, and what has to be told from one.
_TOKEN = re.compile(
    rf"""(?P<ignored> {_COMMENT}
        | ::\s*[\w"]+ (?:\ varying|\ precision|\ with(?:out)?\ time\ zone)? (?:\([\d,\ ]*\))?
          (?:\[\])* )
    | (?P<name> "[^"]*" )
    | (?P<literal> {_TEXT} | (?<![\w.$]) \d+ (?:\.\d+)? \b )
    | \$ (?P<number> \d+ )
    | (?: %\( | (?<![\w:]): ) (?P<key> [a-z_]\w* ) (?: \)s )?
    | %s | \?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
#: `= ?`, `? =`, `= lower(?)`, `= ANY (?)`, `= (?, ?)`, `IN (?)`, `IN ((?, ?))`.
_KEY = re.compile(
    r"(?<![<>!:=])= ?(?:\w* ?\( ?)*\?(?:, \?)*|\? ?=(?!>)"
    r"|(?<!not )\bin ?\((?:\?|\(\?(?:, \?)*\))\)",
    re.IGNORECASE,
)
#: `IN (?, ?)`: several keys at once, or kinds of rows.
_SEVERAL = re.compile(r"\bin ?\(\?, [?, ]*\)|\bin ?\(\([?, ]*\), [?, ()]*\)", re.IGNORECASE)
#: Rows are locked, or fetched part by part, one after the other on purpose.
_BY_PARTS = re.compile(
    r"\bfor (?:no key )?update\b|\bfor (?:key )?share\b|\boffset\b|\bfetch (?:first|next)\b"
    r"|\border by\b.*\blimit\b|\blimit (?!\?)",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"\blimit \?", re.IGNORECASE)
#: What is longer holds a list of rows or keys, which takes milliseconds to read.
_LENGTH = 10_000
_NUMBER = re.compile(r"(?<![\w.$])\d+(?:\.\d+)?\b")
#: Three values or parameters in a row, and more.
_LIST = re.compile(r"(?:\$\d+|\?|%s|:\w+)(?:::\w+)?(?:, ?(?:\$\d+|\?|%s|:\w+)(?:::\w+)?){2,}")
_SHAPE_LENGTH = 300
_CALL = re.compile(r"\b([a-z_]\w*)\"?\s*\(", re.IGNORECASE)
_PROGRAM = re.compile(r"\s*(call|do|execute)\b", re.IGNORECASE)
_DEFINITION = re.compile(r"\s*(?:create|alter|drop|grant|comment)\b", re.IGNORECASE)
#: Common words before a parenthesis.
_NO_CALLS = {"in", "values", "and", "or", "not", "exists", "any", "as", "on", "over", "varchar"}


class Target(NamedTuple):
    """What a statement does to a table."""

    verb: str
    table: str

    def __str__(self) -> str:
        verb = self.verb.upper()
        return f"{'an' if verb[0] in 'AEIOU' else 'a'} {verb} of {self.table}"


@dataclass(frozen=True, slots=True)
class Value:
    """A literal, or a parameter by its position or name."""

    literal: str = ""
    place: int | str | None = None

    def among(self, parameters: Any) -> Any:
        """Find the value in one execution."""
        # What looks like a parameter may be an operator.
        with suppress(LookupError, TypeError):
            return self.literal if self.place is None else parameters[self.place]
        return self.literal


@dataclass(frozen=True, slots=True)
class Lookup:
    """A SELECT of what belongs to one key."""

    #: Without the values.
    text: str
    #: What the key is made of.
    parts: tuple[Value, ...]
    limits: tuple[Value, ...]
    #: What stands in lists beside the key.
    lists: tuple[Value, ...]
    #: All else that it asks for, such as a range.
    others: tuple[Value, ...]

    def key(self, parameters: Any) -> tuple[str, ...] | None:
        """Return the key of one execution. None if it asks for several keys, or several rows."""
        key = []
        for part in self.parts:
            value = part.among(parameters)
            if isinstance(value, (list, tuple, set)):
                if len(value) != 1:
                    return None
                (value,) = value
            key.append(str(value))
        if any(str(limit.among(parameters)) != "1" for limit in self.limits):
            return None
        return tuple(key)

    def listed(self, parameters: Any) -> tuple[str, ...]:
        """Return what stands in the lists in one execution."""
        return tuple(str(value.among(parameters)) for value in self.lists)

    def beside(self, parameters: Any) -> tuple[str, ...]:
        """Return all else that one execution asks for."""
        return tuple(str(value.among(parameters)) for value in self.others)


@lru_cache(maxsize=1024)
def classify(statement: str) -> Literal["select", "write", "temporary"] | None:
    """Tell what writes, makes a temporary table, or reads a table, from all other statements."""
    body = _LEADING.sub("", statement, count=1)
    # A long list of rows is not searched.
    if _WRITE.match(body):
        return "write"
    keyword = body[:6].lower()
    if not keyword.startswith(("select", "with", "create")):
        return None
    bare = _OPAQUE.sub(" ", body)
    if _TEMPORARY.search(bare):
        return "temporary"
    if keyword.startswith("with") and _TARGET.search(bare):
        return "write"
    return "select" if keyword != "create" and _FROM.search(bare) else None


@lru_cache(maxsize=1024)
def targets(statement: str) -> list[Target]:
    """Name what a statement writes, in the order of its text."""
    found = _TARGET.findall(_OPAQUE.sub(" ", statement[:_LENGTH]))
    return [Target("".join(verbs), table) for *verbs, table in found]


def temporary_tables(statement: str) -> set[str]:
    """Name the temporary tables that a statement makes."""
    found = _TEMPORARY.findall(_OPAQUE.sub(" ", statement))
    return {_plain(table).rpartition(".")[2] for table in found}


def is_temporary(table: str, known: Container[str]) -> bool:
    """Whether a table is temporary by its schema, or is one of those that are known to be."""
    schema, _, name = _plain(table).rpartition(".")
    return schema in ("pg_temp", "temp") or (not schema and name in known)


@lru_cache(maxsize=1024)
def calls(statement: str) -> frozenset[str]:
    """Name in lower case what a statement may call, and the keyword of one that runs a program."""
    if len(statement) > _LENGTH:
        return frozenset()
    bare = _OPAQUE.sub(" ", statement)
    if _DEFINITION.match(bare):
        return frozenset()
    called = {name.lower() for name in _CALL.findall(bare)} - _NO_CALLS
    program = _PROGRAM.match(bare)
    return frozenset(called | {program[1].lower()} if program else called)


@lru_cache(maxsize=1024)
def literals(statement: str) -> tuple[str, ...]:
    """The texts that stand in a statement as they are."""
    if len(statement) > _LENGTH:
        return ()
    found = re.findall(_TEXT, re.sub(_COMMENT, " ", statement, flags=re.DOTALL))
    return tuple(text[1:-1].replace("''", "'") for text in found)


@lru_cache(maxsize=1024)
def lookup(statement: str) -> Lookup | None:
    """Read a SELECT that looks up one key at a time. None if rows are taken in another way."""
    if len(statement) > _LENGTH:
        return None
    values: list[Value] = []
    positions = count()

    def note(token: re.Match[str]) -> str:
        if token["ignored"]:
            return " " if token["ignored"].startswith(("-", "/")) else ""
        if token["name"]:
            return token["name"]
        if token["literal"]:
            values.append(Value(token["literal"].strip("'")))
        elif token["number"]:
            values.append(Value(place=int(token["number"]) - 1))
        else:
            values.append(Value(place=token["key"] or next(positions)))
        return "?"

    text = " ".join(_TOKEN.sub(note, statement).split())
    if _BY_PARTS.search(text):
        return None
    parts, limits, lists = (
        tuple(_values_in(pattern, text, values)) for pattern in (_KEY, _LIMIT, _SEVERAL)
    )
    known = {*parts, *limits, *lists}
    others = tuple(value for value in values if value not in known)
    return Lookup(text, parts, limits, lists, others) if parts else None


def _values_in(pattern: re.Pattern[str], text: str, values: list[Value]) -> Iterator[Value]:
    for match in pattern.finditer(text):
        first = text.count("?", 0, match.start())
        yield from values[first : first + match.group().count("?")]


def _plain(table: str) -> str:
    """A name as the database has it."""
    parts = (part.strip() for part in table.split("."))
    return ".".join(part[1:-1] if part[0] in '"`' else part.lower() for part in parts)


@lru_cache(maxsize=1024)
def shape(statement: str) -> str:
    """A statement in one line without the values that stand in it, which may be secrets."""
    bare = _OPAQUE.sub(" ? ", statement[:_LENGTH])
    # What was cut off may have ended a text.
    bare = re.split(r"'|\$[a-z_]*\$", bare, maxsplit=1)[0]
    bare = _NUMBER.sub("?", bare)
    line = _LIST.sub("?, …", " ".join(bare.split()))
    return line if len(line) <= _SHAPE_LENGTH else f"{line[:_SHAPE_LENGTH]}…"


def one_line(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= 120 else f"{line[:120]}..."
