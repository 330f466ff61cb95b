"""Which objects of the migrations need a model: those that operations of Alembic create.

A table, an index or a constraint that a migration creates with SQL needs none, although a model may
declare it. Neither does an index with more than the `index=True` of a model, such as a partial one.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Names(NamedTuple):
    """The names of what operations create, and each word in the SQL."""

    tables: set[str]
    indexes: set[str]
    constraints: set[str]
    sql: set[str]


def is_for_models(kind: str, name: str) -> bool:
    """Return whether a model has to declare this object of the database."""
    names = read_migrations()
    if kind == "table":
        return name in names.tables
    if kind == "index":
        return name in names.indexes
    if kind in {"unique_constraint", "foreign_key_constraint", "check_constraint"}:
        # An operation may leave the name to the naming convention.
        return name in names.constraints or name not in names.sql
    return kind == "column"


@lru_cache(maxsize=1)
def read_migrations() -> Names:
    names = Names(set(), set(), set(), set())
    for path in Path(__file__).parent.glob("versions/**/*.py"):
        tree = ast.parse(path.read_bytes())
        for text in strings(tree):
            if " " in text:
                names.sql.update(re.findall(r"\w+", text))
        for name, call in calls(tree):
            if name in {"create_table", "rename_table"}:
                given = [arg for arg in call.args if isinstance(arg, ast.Constant)]
                names.tables.update(text for arg in given for text in strings(arg))
            if name == "create_index":
                if is_plain(call):
                    names.indexes.update(strings(call))
            elif name.startswith(("create_", "add_")):
                names.constraints.update(strings(call))
    return names


def is_plain(create_index: ast.Call) -> bool:
    """Return whether the index is on columns, without options."""
    options = [str(keyword.arg) for keyword in create_index.keywords]
    return not any(option.startswith("postgresql_") for option in options) and all(
        name in {"create_index", "f"} for name, _ in calls(create_index)
    )


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
