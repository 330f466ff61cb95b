"""Which rows differ between runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .rows import NEW, Comparison, Document, Rows

#: Shown where a run does not have a row that others have.
GONE = "-"


class Difference(NamedTuple):
    """A line of the report: what differs, and what each run has there."""

    what: str
    cells: tuple[str, ...]


def differences(comparison: Comparison, runs: Sequence[Rows]) -> Iterator[Difference]:
    """Name the rows that differ: those with a key by column, others by how many there are."""
    for table, key in comparison.schema.keys.items():
        contents = [
            [dict(comparison.content(rows, table, row)) for row in rows[table]] for rows in runs
        ]
        keyed: list[dict[Any, dict[str, Any]]] = [{} for _ in runs]
        unkeyed: list[Counter[Any]] = [Counter() for _ in runs]
        for n, rows in enumerate(contents):
            for row in rows:
                values = tuple(row[column] for column in key)
                if key and not any(map(_is_of_run, values)):
                    keyed[n][values] = row
                else:
                    unkeyed[n][tuple(row.items())] += 1
        for values in {values: None for rows in keyed for values in rows}:
            name = ", ".join(f"{c}={shown(v)}" for c, v in zip(key, values, strict=True))
            yield from _of_row(f"{table} {name}", [rows.get(values) for rows in keyed])
        for row in {row: None for rows in unkeyed for row in rows}:
            counts = [rows[row] for rows in unkeyed]
            if len(set(counts)) > 1:
                name = ", ".join(f"{c}={shown(v)}" for c, v in row if v != NEW)
                yield Difference(f"{table} rows ({name})", tuple(map(str, counts)))


def _of_row(name: str, rows: Sequence[dict[str, Any] | None]) -> Iterator[Difference]:
    if None in rows:
        yield Difference(name, tuple(GONE if row is None else "there" for row in rows))
    there = [row for row in rows if row is not None]
    for column in there[0]:
        values = [None if row is None else (row[column],) for row in rows]
        yield from _of_values(f"{name}: {column}", values)


def _of_values(name: str, values: Sequence[tuple[Any] | None]) -> Iterator[Difference]:
    """Name what differs of a column, or of a part of documents. None is where there is no row."""
    there = [one for (one,) in filter(None, values)]
    if all(one == there[0] for one in there):
        return
    if all(isinstance(one, Document) for one in there):
        for key in {key: None for one in there for key, _ in one}:
            parts = [value and (dict(value[0]).get(key, GONE),) for value in values]
            yield from _of_values(f"{name}.{key}", parts)
    else:
        cells = (GONE if value is None else shown(value[0]) for value in values)
        yield Difference(name, tuple(cells))


def _is_of_run(value: Any) -> bool:
    """Whether a value is no key: it is left out, or stands for a row."""
    return value == NEW or isinstance(value, tuple)


def shown(value: Any) -> str:
    """A value in the form in which it is compared."""
    if value is None:
        return "null"
    if isinstance(value, Document):
        inner = ", ".join(f"{key}: {shown(one)}" for key, one in value if one != NEW)
        return f"{{{inner}}}"
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        table, content = value
        if isinstance(content, tuple):
            inner = ", ".join(f"{c}={shown(v)}" for c, v in content if v != NEW)
            return f"{table}({inner})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(shown, value))}]"
    return str(value)
