"""Whether what is read is kept, so that it is read once: by `functools`, or by hand."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from .callers import outwards
from .clocks import own_time
from .core import Gate

_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
#: What a function is given that outlives its call.
_LASTING = ("self", "cls", "app")

#: A function as it is written.
Function = ast.FunctionDef | ast.AsyncFunctionDef


def keeps(gate: Gate, frame: FrameType) -> bool:
    """Whether a function of the user runs that reads only what it has not kept already."""
    for outer in outwards(frame):
        code = outer.f_code
        if gate.origin(code) != "library":
            if _fills(code, outer.f_lineno):
                return True
            if not code.co_flags & _ASYNC and _is_cached(outer):
                return True
        if code.co_flags & _ASYNC:
            return False
    return False


def _is_cached(frame: FrameType) -> bool:
    value: Any = None
    namespace: Any = frame.f_globals
    for name in frame.f_code.co_qualname.split("."):
        value = namespace.get(name)
        namespace = getattr(value, "__dict__", {})
    return hasattr(value, "cache_clear") or isinstance(value, functools.cached_property)


@functools.lru_cache(maxsize=1024)
@own_time()
def _fills(code: CodeType, line: int) -> bool:
    """Whether a line gets what is missing in a place that outlives its function.

    Before it, the function has looked whether the place has it: `if name not in CACHE`.
    """
    function = _function(code)
    if function is None:
        return False
    looked_at = {_text(place) for look in _looks(function, line) for place in ast.walk(look)}
    local = _local(code, function)
    return any(
        _lasts(place, local) and not looked_at.isdisjoint(_places(place, function))
        for place in _filled(function, line)
    )


def _function(code: CodeType) -> Function | None:
    """Find the source of a function."""
    for node in ast.walk(_tree(code.co_filename)):
        # A decorator stands before what the node calls its line.
        if (
            isinstance(node, Function)
            and node.name == code.co_name
            and code.co_firstlineno in (node.lineno, *(one.lineno for one in node.decorator_list))
        ):
            return node
    return None


@functools.lru_cache(maxsize=64)
def _tree(filename: str) -> ast.Module:
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def _looks(function: Function, line: int) -> Iterator[ast.AST]:
    """What a function asks before it comes to a line: the tests, and what it tries."""
    for node in ast.walk(function):
        if isinstance(node, ast.If) and node.lineno <= line:
            # Else it has found the place filled, and returned.
            if line <= (node.end_lineno or 0) or isinstance(node.body[-1], ast.Return):
                yield node.test
        elif isinstance(node, ast.Try) and node.lineno <= line:
            yield from (one for one in node.body if one.lineno < line)


def _filled(function: Function, line: int) -> Iterator[ast.expr]:
    """The places in which a function puts something at a line or after it."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and (node.end_lineno or 0) >= line:
            yield from node.targets if isinstance(node, ast.Assign) else [node.target]


def _local(code: CodeType, function: Function) -> set[str]:
    """The variables that end with the call of a function: not what it imports."""
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return {*code.co_varnames, *code.co_cellvars} - imported


def _lasts(place: ast.expr, local: set[str]) -> bool:
    """Whether a place outlives the call of the function that fills it."""
    if isinstance(place, ast.Name):
        return place.id not in local
    names = []
    while isinstance(place, ast.Attribute | ast.Subscript):
        names += [place.attr] if isinstance(place, ast.Attribute) else []
        place = place.value
    if not isinstance(place, ast.Name):
        return False
    return place.id not in local or not {place.id, *names}.isdisjoint(_LASTING)


def _places(place: ast.expr, function: Function) -> set[str]:
    """A place, what holds it, and the variables that have got what was found there."""
    held = {_text(place)}
    if isinstance(place, ast.Subscript):
        held.add(_text(place.value))
    elif isinstance(place, ast.Attribute):
        # `hasattr(self, "text")`
        held.add(repr(place.attr))
    found = {
        _text(target)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(_text(part) in held for part in ast.walk(node.value))
        for target in node.targets
    }
    return held | found


def _text(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.expr) else ""
