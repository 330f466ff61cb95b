"""What of the migrations' work the models have to know: what operations of Alembic make.

A table, an index or a constraint that a migration makes by SQL is its own, whether a model declares
it or not. So is an index that is more than the `index=True` of a model: a partial one, for example.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Names(NamedTuple):
    """The names of what operations make, and each word of the SQL."""

    tables: set[str]
    indexes: set[str]
    constraints: set[str]
    sql: set[str]


def is_for_models(kind: str, name: str) -> bool:
    """Whether a model has to have what the database has."""
    names = read_migrations()
    if kind == "table":
        return name in names.tables
    if kind == "index":
        return name in names.indexes
    if kind in {"unique_constraint", "foreign_key_constraint", "check_constraint"}:
        # An operation need not name it: the naming convention does.
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
    """Whether the index is on columns, and no more than that."""
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
