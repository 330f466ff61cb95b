"""The modules of a project that the collection has imported, read as text: nothing is run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ..core import Gate
from ..where import Origin

Function = ast.FunctionDef | ast.AsyncFunctionDef

_FIXTURE = {"pytest.fixture", "pytest_asyncio.fixture", "pytest_asyncio.plugin.fixture"}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, its path relative to the root of the project."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(eq=False, slots=True)
class Source:
    """A module: its tree, and what the names in it stand for."""

    path: Path
    shown: str
    origin: Origin
    tree: ast.Module
    #: What is imported, by the name that it has here.
    imported: dict[str, str] = field(default_factory=dict)
    nodes: list[ast.AST] = field(default_factory=list)
    _parents: dict[ast.AST, ast.AST] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            self.nodes.append(node)
            self._parents.update((child, node) for child in ast.iter_child_nodes(node))
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.imported[alias.asname or name] = name
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = f"{module}.{alias.name}"

    def place(self, node: ast.AST) -> Place:
        return Place(self.shown, getattr(node, "lineno", 1))

    def name(self, node: ast.AST) -> str:
        """The dotted name of what an expression names, as far as it is imported; else ''."""
        match node:
            case ast.Name(id=name):
                return self.imported.get(name, "")
            case ast.Attribute(value=value, attr=attribute):
                owner = self.name(value)
                return f"{owner}.{attribute}" if owner else ""
            case ast.Subscript(value=value):
                return self.name(value)
        return ""

    def outward(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node stands in, from the inside out."""
        while node in self._parents:
            node = self._parents[node]
            yield node

    def function_of(self, node: ast.AST) -> Function | None:
        """The function that a node stands in."""
        return next((one for one in self.outward(node) if isinstance(one, Function)), None)

    def functions(self) -> Iterator[Function]:
        return (node for node in self.nodes if isinstance(node, Function))

    def fixture_name(self, function: Function) -> str | None:
        """The name that tests ask for, if it is a fixture."""
        decorator = self.fixture_decorator(function)
        if decorator is None:
            return None
        named = self.literals(decorator).get("name") if isinstance(decorator, ast.Call) else None
        return named if isinstance(named, str) else function.name

    def fixture_decorator(self, function: Function) -> ast.expr | None:
        for decorator in function.decorator_list:
            callee = decorator.func if isinstance(decorator, ast.Call) else decorator
            if self.name(callee) in _FIXTURE:
                return decorator
        return None

    def literals(self, call: ast.Call) -> dict[str, Any]:
        """The keyword arguments whose values are written out."""
        found = {}
        for keyword in call.keywords:
            with suppress(ValueError):
                if keyword.arg is not None:
                    found[keyword.arg] = ast.literal_eval(keyword.value)
        return found


def calls_of(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """The calls in a module, each with the name of what is called."""
    for node in source.nodes:
        if isinstance(node, ast.Call):
            yield node, source.name(node.func)


def read_sources(gate: Gate, items: Iterable[pytest.Item]) -> list[Source]:
    """Read the modules of the project that are imported by now, the gate's own left out."""
    paths = {str(item.path) for item in items}
    for module in list(sys.modules.values()):
        with suppress(Exception):  # Some modules raise where others have no such attribute.
            paths.add(str(module.__file__))
    found = []
    for path in sorted(paths):
        origin = gate.origins[path]
        if not path.endswith(".py") or origin not in ("application", "test") or _is_ours(path):
            continue
        with suppress(OSError, SyntaxError, ValueError):
            tree = ast.parse(Path(path).read_bytes())
            shown = gate.locate_line(path, 1, "").path
            found.append(Source(Path(path), shown, origin, tree))
    return found


def _is_ours(path: str) -> bool:
    return Path(path).is_relative_to(Path(__file__).parent.parent)
