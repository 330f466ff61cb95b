"""The rows of a database, in a form in which two runs of the same calls can be compared."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

#: Tables of the project: neither those of an extension, nor what Alembic notes.
TABLES = """
    SELECT c.oid::regclass::text AS name, c.oid::int8 AS oid,
        coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
            JOIN pg_index i ON i.indrelid = a.attrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = c.oid AND i.indisprimary), '{}') AS key,
        coalesce((SELECT array_agg(a.attname::text) FROM pg_attribute a
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND (a.attidentity <> ''
                OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%')), '{}') AS numbered
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
        AND c.relname <> 'alembic_version'
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
    ORDER BY 1
"""
FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, confrelid::regclass::text,
        array(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place),
        array(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute ON attrelid = confrelid AND attnum = number ORDER BY place)
    FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
"""

#: By so much the sequences are ahead in one run, to tell which numbers come from them.
AHEAD = 100_000
SEQUENCES = f"""
    SELECT setval(seqrelid::regclass, nextval(seqrelid::regclass) + {AHEAD}, false)
    FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
    WHERE relpersistence <> 't' AND seqmax > 10 * {AHEAD} AND seqincrement > 0
"""

Row = Mapping[str, Any]
#: The rows of each table.
Rows = Mapping[str, Sequence[Row]]

NEW = "(new)"


class ForeignKey(NamedTuple):
    """The columns of a table that name a row of another."""

    table: str
    other: str
    columns: tuple[str, ...]
    others: tuple[str, ...]


class Database(Protocol):
    """A database whose rows can be read."""

    async def fetch(self, query: str, *arguments: Any) -> list[Any]: ...
    async def read(self, query: str) -> list[Any]: ...


@dataclass
class Schema:
    """The tables whose rows are compared."""

    keys: dict[str, tuple[str, ...]]
    """The primary key of each table."""
    numbered: set[tuple[str, str]]
    """The columns that a sequence or an identity gives values to."""
    foreign: list[ForeignKey]
    has_sequences: bool = False

    @property
    def query(self) -> str:
        """Reads all rows in one statement."""
        parts = (
            f"SELECT '{table.replace(chr(39), chr(39) * 2)}', to_jsonb(t.*)::text FROM {table} t"
            for table in self.keys
        )
        return " UNION ALL ".join(parts) or "SELECT NULL, NULL WHERE false"


async def schema_of(database: Database) -> Schema:
    tables = await database.read(TABLES)
    foreign = await database.read(FOREIGN_KEYS)
    return Schema(
        {name: tuple(key) for name, _, key, _ in tables},
        {(name, column) for name, _, _, numbered in tables for column in numbered},
        [ForeignKey(table, other, tuple(c), tuple(o)) for table, other, c, o in foreign],
        bool(await database.read("SELECT FROM pg_sequence LIMIT 1")),
    )


async def rows_of(database: Database, schema: Schema) -> Rows:
    rows: dict[str, list[Row]] = {table: [] for table in schema.keys}
    for table, text in await database.read(schema.query):
        rows[table].append(json.loads(text, parse_float=Decimal))
    return rows


class Document(tuple[tuple[str, Any], ...]):
    """An object of JSON that can be compared and counted."""

    __slots__ = ()


def frozen(value: Any) -> Any:
    """A value that can be compared and counted."""
    if isinstance(value, dict):
        return Document(sorted((key, frozen(one)) for key, one in value.items()))
    if isinstance(value, list):
        return tuple(map(frozen, value))
    return value


@dataclass
class Comparison:
    """What of the rows is compared: not what differs between two runs that are equal."""

    schema: Schema
    before: Rows
    """The rows of the snapshot. What was there already is compared as it is."""
    left_out: set[tuple[str, str]] = field(default_factory=set)
    """Tables with their columns, or parts of documents: `data.changed_at`, `data.events[].at`."""

    def __post_init__(self) -> None:
        self.left_out |= self.schema.numbered
        self._known: dict[str, set[tuple[str, Any]]] = {}
        self._foreign: dict[str, list[ForeignKey]] = {}
        for key in self.schema.foreign:
            self._foreign.setdefault(key.table, []).append(key)

    def is_alike(self, first: Rows, second: Rows) -> bool:
        return self.state_of(first) == self.state_of(second)

    def leave_out_what_differs(self, first: Rows, second: Rows) -> None:
        """Leave out the columns that differ between two equal runs, of documents the parts."""
        for table, path, _, _ in self._differing(first, second):
            self.left_out.add((table, path))

    def leave_out_times(self, first: Rows, later: Rows) -> bool:
        """Leave out the columns that have other new values some time later.

        Returns:
            Whether nothing else differs.
        """
        is_all = True
        for table, path, values, others in self._differing(first, later):
            come = Counter(map(frozen, others)) - Counter(map(frozen, values))
            is_new = not any(self._is_known(table, path, one) for one in come)
            if is_new and len(values) == len(others):
                self.left_out.add((table, path))
            elif (table, path) not in self.left_out:
                is_all = False
        return is_all

    def leave_out_numbers(self, first: Rows, ahead: Rows) -> None:
        """Leave out what a sequence has given a number to, wherever it is kept.

        Args:
            first: The rows after a run.
            ahead: Those after an equal run with `SEQUENCES` ahead.
        """
        for table, path, values, others in self._differing(first, ahead):
            if _are_ahead(values, others):
                self.left_out.add((table, path))

    def _differing(
        self, first: Rows, second: Rows
    ) -> Iterator[tuple[str, str, list[Any], list[Any]]]:
        for table in self.schema.keys:
            for column in {column for row in (*first[table], *second[table]) for column in row}:
                values = ([row.get(column) for row in rows[table]] for rows in (first, second))
                for difference in _differences(column, *values):
                    yield table, *difference

    def state_of(self, rows: Rows) -> Counter[tuple[str, Any]]:
        """The rows as they are compared: how often there is which."""
        return Counter(
            (table, self.content(rows, table, row)) for table in rows for row in rows[table]
        )

    def content(
        self, rows: Rows, table: str, row: Row, seen: frozenset[tuple[str, int]] = frozenset()
    ) -> Any:
        """A row without what is left out, and with the rows that its foreign keys name."""
        seen |= {(table, id(row))}
        content = {column: self._value(table, column, value) for column, value in row.items()}
        for key in self._foreign.get(table, ()):
            if not any((key.other, column) in self.left_out for column in key.others):
                continue
            named = next((one for one in rows.get(key.other, ()) if _names(key, row, one)), None)
            if named is None or all(self._is_known(key.other, c, named[c]) for c in key.others):
                content |= {column: frozen(row[column]) for column in key.columns}
            elif (key.other, id(named)) in seen:
                content |= dict.fromkeys(key.columns, "(itself)")
            else:
                inner = self.content(rows, key.other, named, seen)
                content |= dict.fromkeys(key.columns, (key.other, inner))
        return tuple(sorted(content.items()))

    def _value(self, table: str, path: str, value: Any) -> Any:
        if (table, path) in self.left_out and not self._is_known(table, path, value):
            return NEW
        if isinstance(value, dict):
            items = ((key, self._value(table, f"{path}.{key}", one)) for key, one in value.items())
            return Document(sorted(items))
        if isinstance(value, list):
            return tuple(self._value(table, f"{path}[]", one) for one in value)
        return value

    def _is_known(self, table: str, path: str, value: Any) -> bool:
        if table not in self._known:
            self._known[table] = {
                (inner, frozen(one))
                for row in self.before[table]
                for column, whole in row.items()
                for inner, one in _parts(column, whole)
            }
        return value is None or (path, frozen(value)) in self._known[table]


def _names(key: ForeignKey, row: Row, other: Row) -> bool:
    return [row[column] for column in key.columns] == [other[column] for column in key.others]


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value and all that is in it, each with its path: `data`, `data.tags`, `data.tags[]`."""
    yield path, value
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _parts(f"{path}.{key}", one)
    elif isinstance(value, list):
        for one in value:
            yield from _parts(f"{path}[]", one)


def _differences(
    path: str, first: list[Any], second: list[Any]
) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """The smallest parts of some values that differ: the path of each, and what is there."""
    if Counter(map(frozen, first)) == Counter(map(frozen, second)):
        return
    both = [*first, *second]
    if all(isinstance(one, dict) for one in both) and _alike(first, second):
        for key in {key: None for one in both for key in one}:
            parts = ([one[key] for one in values if key in one] for values in (first, second))
            yield from _differences(f"{path}.{key}", *parts)
    elif all(isinstance(one, list) for one in both) and _alike(first, second):
        parts = ([part for one in values for part in one] for values in (first, second))
        yield from _differences(f"{path}[]", *parts)
    else:
        yield path, first, second


def _alike(first: list[Any], second: list[Any]) -> bool:
    """Whether documents have the same keys, or lists the same lengths."""
    one, other = (
        Counter(frozenset(value) if isinstance(value, dict) else len(value) for value in values)
        for values in (first, second)
    )
    return one == other


def _are_ahead(values: list[Any], others: list[Any]) -> bool:
    """Whether what differs are numbers that are `AHEAD`, or texts that differ in a number."""
    before, after = Counter(map(frozen, values)), Counter(map(frozen, others))
    gone, come = list((before - after).elements()), list((after - before).elements())
    if all(isinstance(one, int) for one in (*gone, *come)):
        return sorted(one + AHEAD for one in gone) == sorted(come)
    if all(isinstance(one, str) for one in (*gone, *come)):
        return _without_numbers(gone) == _without_numbers(come)
    return False


def _without_numbers(texts: list[str]) -> list[str]:
    return sorted(re.sub(r"\d+", "0", text) for text in texts)
