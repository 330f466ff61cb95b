"""Mistakes about the sessions and connections that tests give the app."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..kinds import yielded
from ..problems import Check, Found, Suite
from ..sources import Function, Source, calls_of
from ..versions import release

_JOIN_MODES = (2, 0)


def shared_session(suite: Suite) -> Found:
    """Find an override that gives each request the same session."""
    for source in suite.tests:
        for where, override in _overrides(source):
            for value in yielded(source, override):
                if _is_from_outside(suite, source, override, value):
                    yield (
                        source.place(where),
                        f"each request gets the session `{ast.unparse(value)}` of the test, which"
                        " hides a commit that the app forgets",
                    )


def default_join_mode(suite: Suite) -> Found:
    """Find a session that ends the transaction of the test when the app rolls back."""
    if release("SQLAlchemy") < _JOIN_MODES:
        return
    for source in suite.tests:
        for call, _ in calls_of(source):
            if suite.kinds.constructs(source, call) not in ("session", "maker"):
                continue
            names = [keyword.arg for keyword in call.keywords]
            if None in names or "join_transaction_mode" in names:
                continue
            binds = [keyword.value for keyword in call.keywords if keyword.arg == "bind"]
            bind = next(iter([*binds, *call.args]), None)
            if suite.kinds.of(source, bind) != "connection" or bind is None:
                continue
            if not _is_handed_out(source, call):
                continue
            begun = _methods_called_on(suite, source, bind)
            if "begin" in begun and "begin_nested" not in begun:
                yield (
                    source.place(call),
                    "a rollback in the app ends the transaction of the test as well, and what"
                    " comes after it is committed",
                )


def _is_handed_out(source: Source, call: ast.Call) -> bool:
    """Whether others than the function that makes a session may use it: a test, or the app."""
    function = source.function_of(call)
    if function is None:
        return True
    overrides = any(
        isinstance(node, ast.Attribute) and node.attr == "dependency_overrides"
        for node in ast.walk(function)
    )
    return overrides or any(yielded(source, function))


def _overrides(source: Source) -> Iterator[tuple[ast.AST, Function | ast.Lambda]]:
    """What is put in the place of dependencies, and where."""
    for node in source.nodes:
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Attribute(attr="dependency_overrides"))],
                value=value,
            ):
                values = [value]
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="dependency_overrides"), attr="update"),
                args=[ast.Dict(values=values)],
            ):
                pass
            case ast.Assign(
                targets=[ast.Attribute(attr="dependency_overrides")],
                value=ast.Dict(values=values),
            ):
                pass
            case _:
                continue
        for value in values:
            override = _function(source, value)
            if override is not None:
                yield value if isinstance(value, ast.Lambda) else node, override


def _function(source: Source, value: ast.expr) -> Function | ast.Lambda | None:
    """The function that an expression names, in the same module."""
    if isinstance(value, ast.Lambda):
        return value
    if not isinstance(value, ast.Name):
        return None
    around = [source.function_of(value), None]
    for scope in around:
        for function in source.functions():
            if function.name == value.id and source.function_of(function) is scope:
                return function
    return None


def _is_from_outside(
    suite: Suite, source: Source, override: Function | ast.Lambda, value: ast.expr
) -> bool:
    """Whether an override gives a session that it has not made itself."""
    if isinstance(value, ast.Name) and suite.kinds.bindings(source, value, value.id)[0] is override:
        return False
    is_kept = isinstance(value, ast.Name | ast.Attribute)
    return is_kept and suite.kinds.of(source, value) == "session"


def _methods_called_on(suite: Suite, source: Source, bind: ast.expr) -> set[str]:
    """What is called on a connection where it is made, and where a session is bound to it."""
    if not isinstance(bind, ast.Name):
        return set()
    scope, values = suite.kinds.bindings(source, bind, bind.id)
    places: list[tuple[Source, ast.AST]] = [(source, scope)]
    methods = set()
    if not values:
        places += suite.kinds.fixtures(bind.id)
    for value in values:
        # `async with engine.begin() as connection`
        called = value.value if isinstance(value, ast.Await) else value
        if isinstance(called, ast.Call) and isinstance(called.func, ast.Attribute):
            methods.add(called.func.attr)
    for place, within in places:
        for node in ast.walk(within):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = suite.kinds.of(place, node.func.value)
                if owner == "connection" or node.func.attr == "begin_nested":
                    methods.add(node.func.attr)
                elif owner == "engine" and node.func.attr == "begin" and place is not source:
                    methods.add("begin")
    return methods


CHECKS = (
    Check(
        "shared-session",
        shared_session,
        fix="give each request a session of its own on the connection of the test: `async with"
        ' AsyncSession(bind=connection, join_transaction_mode="create_savepoint") as session:'
        " yield session`",
    ),
    Check(
        "join-mode",
        default_join_mode,
        fix='add `join_transaction_mode="create_savepoint"`: a rollback then ends a savepoint',
    ),
)
