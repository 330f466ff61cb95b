"""Finds the settings of an app that say where its database is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .syntax import call_name, last_name

URL = re.compile(r"(^|_)(db|database|postgres\w*|pg|sql|sqlalchemy)_?(url|uri|dsn)$", re.IGNORECASE)
PART = re.compile(
    r"(^|_)(database|db|postgres\w*|pg|sql)_?(host\w*|server|port|user\w*|pass\w*|name|db|database)$",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"postgres\w*(\+\w+)?://.")
# What takes the address.
TAKES_ADDRESS = {"create_async_engine", "create_engine"}


@dataclass(frozen=True)
class Setting:
    """A setting that is read from the environment."""

    #: The environment variable.
    name: str
    #: The file and line, for people.
    place: str
    #: Whether it is the whole address, or a part of it.
    is_url: bool
    #: The class that holds it and its name there, where it is one of pydantic.
    holder: str = ""
    attribute: str = ""
    #: It has no default: what reads it fails without it.
    is_required: bool = False


def settings_of(tree: ast.Module, place: str) -> Iterator[Setting]:
    """The settings for the database that a module reads."""
    of_engines = {
        id(one)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and call_name(node) in TAKES_ADDRESS
        for one in ast.walk(node)
    }
    for node in sorted(ast.walk(tree), key=lambda one: getattr(one, "lineno", 0)):
        if isinstance(node, ast.ClassDef) and is_settings(node):
            yield from fields_of(node, place)
            continue
        name, default, is_required = environment_name(node)
        is_url = id(node) in of_engines or bool(URL.search(name)) or is_address(default)
        if name and (is_url or PART.search(name)):
            line = getattr(node, "lineno", 0)
            yield Setting(name, f"{place}:{line}", is_url, is_required=is_required)


def is_settings(node: ast.ClassDef) -> bool:
    return any(last_name(base).endswith("Settings") for base in node.bases)


def is_address(node: ast.expr | None) -> bool:
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)] if node else []
    return any(isinstance(text, str) and ADDRESS.match(text) for text in texts)


def fields_of(node: ast.ClassDef, place: str) -> Iterator[Setting]:
    """The fields of pydantic's settings."""
    prefix = ""
    for one in ast.walk(node):
        value = one.value if isinstance(one, ast.keyword) and one.arg == "env_prefix" else None
        prefix = str(value.value) if isinstance(value, ast.Constant) else prefix
    for one in node.body:
        if not isinstance(one, ast.AnnAssign) or not isinstance(one.target, ast.Name):
            continue
        field = one.target.id
        types = {last_name(part) for part in ast.walk(one.annotation) if isinstance(part, ast.expr)}
        is_url = bool(URL.search(field)) or "PostgresDsn" in types or is_address(one.value)
        if is_url or PART.search(field):
            name = (prefix + field).upper()
            yield Setting(name, f"{place}:{one.lineno}", is_url, node.name, field)


def environment_name(node: ast.AST) -> tuple[str, ast.expr | None, bool]:
    """What `os.environ["NAME"]`, `os.environ.get("NAME")` and `os.getenv("NAME")` read."""
    key: ast.expr | None = None
    default: ast.expr | None = None
    if isinstance(node, ast.Subscript) and last_name(node.value) == "environ":
        key = node.slice
    elif isinstance(node, ast.Call) and node.args:
        holder = last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        if call_name(node) == "getenv" or (call_name(node) == "get" and holder == "environ"):
            key, default = node.args[0], node.args[1] if len(node.args) > 1 else None
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value, default, isinstance(node, ast.Subscript)
    return "", None, False
