"""Finds the line by which the user puts an endpoint of a library into an application."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from .clocks import own_time
from .core import Gate
from .where import Location

#: Functions that put routes, or an application with routes, below a path.
_MOUNTS = {
    *("include_router", "mount", "host", "add_route", "add_api_route", "add_websocket_route"),
    *("add_api_websocket_route", "Mount", "Host", "Route", "WebSocketRoute", "APIRoute"),
}
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the user has written."""

    node: ast.Call
    function: str
    #: The function that it stands in.
    within: str


#: What was found for an endpoint, by path.
_found: WeakKeyDictionary[Any, dict[str, Location | None]] = WeakKeyDictionary()


def where_mounted(gate: Gate, endpoint: Any, path: str) -> Location | None:
    """Name the user's line that brings an endpoint to a path.

    It is the one that mounts something of the library, else what holds the endpoint, else what has
    its path, else one that calls the library.
    """
    known: dict[str, Location | None] = {}
    with suppress(TypeError):
        # Not every object can be a key.
        known = _found.setdefault(endpoint, known)
    if path not in known:
        # It reads all modules of the user.
        with own_time():
            known[path] = _find(gate, endpoint, path)
    return known[path]


def _find(gate: Gate, endpoint: Any, path: str) -> Location | None:
    best: tuple[int, Location] | None = None
    for module in list(sys.modules.values()):
        filename = getattr(module, "__file__", None)
        if not isinstance(filename, str) or gate.origins[filename] not in ("application", "test"):
            continue
        for call in _calls(filename):
            fit = _fit(call, module, endpoint, path)
            if fit and (best is None or fit > best[0]):
                best = fit, gate.locate_line(filename, call.node.lineno, call.within)
    return best[1] if best else None


def _fit(call: Call, module: ModuleType, endpoint: Any, path: str) -> int:
    """How surely a call brings an endpoint to a path; 0 if it does not."""
    # One of several routers of a library was made by the function that the endpoint stands in, or
    # has the name of its module.
    maker = str(getattr(endpoint, "__qualname__", "")).partition(".")[0]
    *_, file = str(endpoint.__module__).split(".")
    arguments = [*call.node.args, *(keyword.value for keyword in call.node.keywords)]
    if call.function not in _MOUNTS:
        if not _is_of(call.node.func, module, endpoint):
            return 0
        gets_app = any(isinstance(each, ast.Name) and "app" in each.id for each in arguments)
        return 1 + (gets_app or "router" in call.function) + 2 * (call.function == maker)
    near = {each: _near(_value(each, module), endpoint, _DEPTH) for each in arguments}
    parts = [part for argument in arguments for part in ast.walk(argument)]
    texts = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
    prefixes = [text for text in texts if text.startswith("/") and text.strip("/")]
    length = max((len(text) for text in prefixes if text in path), default=0)
    is_elsewhere = bool(prefixes) and not length
    for argument in arguments:
        made = isinstance(argument, ast.Call) and not is_elsewhere
        if (near[argument] or made) and _is_of(argument, module, endpoint):
            text = ast.unparse(argument)
            surely = 5000 if near[argument] else 0
            return 10_000 + surely + 10 * length + 2 * (f"{maker}(" in text) + (file in text)
    nearest = max(near.values(), default=0)
    return (nearest and 1000 + 10 * nearest) or (length and 100 + length)


def _is_of(node: ast.expr, module: ModuleType, endpoint: Any) -> bool:
    """Whether an expression begins with something of the library that has the endpoint."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name):
        return False
    source, _ = _source(node, module)
    library = _package(endpoint)
    return bool(library) and library in (source.partition(".")[0], _package(_value(node, module)))


def _package(thing: Any) -> str:
    if isinstance(thing, ModuleType):
        name = thing.__name__
    else:
        # Not by an attribute of just any object: that may run code.
        is_named = isinstance(thing, type) or inspect.isroutine(thing)
        name = str((thing if is_named else type(thing)).__module__)
    return name.partition(".")[0]


def _value(node: ast.expr, module: ModuleType) -> Any:
    """What a name stands for in a module, as far as it can be seen without running code."""
    if isinstance(node, ast.Name):
        source, name = _source(node, module)
        value = vars(module).get(node.id)
        return getattr(sys.modules.get(source), name, None) if value is None else value
    if isinstance(node, ast.Attribute):
        value = _value(node.value, module)
        return getattr(value, "__dict__", {}).get(node.attr)
    return None


def _source(node: ast.Name, module: ModuleType) -> tuple[str, str]:
    """The module that a name comes from, and what it is called there."""
    return _imports(str(module.__file__)).get(node.id, (module.__name__, node.id))


def _near(thing: Any, endpoint: Any, depth: int) -> int:
    """How near below something, which may be a router, the endpoint is; 0 if it is not there."""
    if thing is None or not depth:
        return 0
    if thing is endpoint or getattr(thing, "endpoint", None) is endpoint:
        return depth
    inner = (getattr(thing, name, None) for name in ("app", "router", "original_router"))
    routes = getattr(thing, "routes", None)
    return max(
        _near(each, endpoint, depth - 1)
        for each in (*inner, *(routes if isinstance(routes, Sequence) else ()))
    )


@functools.cache
def _tree(filename: str) -> ast.AST:
    try:
        return ast.parse(Path(filename).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


@functools.cache
def _calls(filename: str) -> tuple[Call, ...]:
    return tuple(_walk(_tree(filename), "<module>"))


@functools.cache
def _imports(filename: str) -> dict[str, tuple[str, str]]:
    """What each name was imported from, also within a function."""
    nodes = (node for node in ast.walk(_tree(filename)) if isinstance(node, ast.ImportFrom))
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in nodes
        for alias in node.names
    }


def _walk(node: ast.AST, within: str) -> Iterator[Call]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            function = child.func
            if isinstance(function, ast.Attribute):
                yield Call(child, function.attr, within)
            elif isinstance(function, ast.Name):
                yield Call(child, function.id, within)
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _walk(child, child.name)
        else:
            yield from _walk(child, within)
