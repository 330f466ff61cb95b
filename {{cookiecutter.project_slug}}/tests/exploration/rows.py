"""The rows of a database, in a form in which two runs of the same calls can be compared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    )


async def rows_of(database: Database, schema: Schema) -> Rows:
    rows: dict[str, list[Row]] = {table: [] for table in schema.keys}
    for table, text in await database.read(schema.query):
        rows[table].append(json.loads(text, parse_float=Decimal))
    return rows


def frozen(value: Any) -> Any:
    """A value that can be compared and counted."""
    if isinstance(value, dict):
        return tuple(sorted((key, frozen(one)) for key, one in value.items()))
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

    def __post_init__(self) -> None:
        self.left_out |= self.schema.numbered
        self._known: dict[tuple[str, str], set[Any]] = {}
        self._foreign: dict[str, list[ForeignKey]] = {}
        for key in self.schema.foreign:
            self._foreign.setdefault(key.table, []).append(key)

    def leave_out_what_differs(self, first: Rows, second: Rows) -> None:
        """Leave out the columns that differ between two equal runs."""
        for table in self.schema.keys:
            columns = {column for row in (*first[table], *second[table]) for column in row}
            for column in columns:
                if _values(first[table], column) != _values(second[table], column):
                    self.left_out.add((table, column))

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

    def _value(self, table: str, column: str, value: Any) -> Any:
        if (table, column) in self.left_out and not self._is_known(table, column, value):
            return NEW
        return frozen(value)

    def _is_known(self, table: str, column: str, value: Any) -> bool:
        known = self._known.get((table, column))
        if known is None:
            known = {frozen(row[column]) for row in self.before[table]}
            self._known[table, column] = known
        return value is None or frozen(value) in known


def _names(key: ForeignKey, row: Row, other: Row) -> bool:
    return [row[column] for column in key.columns] == [other[column] for column in key.others]


def _values(rows: Iterable[Row], column: str) -> Counter[Any]:
    return Counter(frozen(row.get(column)) for row in rows)
