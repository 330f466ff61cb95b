"""In what ways the tests of a suite are run, and a test of each way to take as a model."""

from __future__ import annotations

import ast
import inspect
import unittest
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from .sources import Source, calls_of
from .versions import release

#: How a test gets its loop: a plugin or unittest awaits it, or it calls one of these itself.
Kind = Literal[
    "async", "unittest", "client", "portal", "asyncio.run", "loop", "anyio.run", "uvloop.run"
]

#: pytest-asyncio has its own loops since then, and takes none from a fixture.
_OWN_LOOPS = (1, 0)
#: Its marks choose loops since then.
_MARKED_LOOPS = (0, 23)
CLIENTS = {
    "starlette.testclient.TestClient",
    "fastapi.testclient.TestClient",
    "litestar.testing.TestClient",
    "litestar.testing.create_test_client",
}
_RUNNERS: dict[str, Kind] = {
    **{name: "client" if "testclient" in name else "portal" for name in CLIENTS},
    "asyncio.run": "asyncio.run",
    "asyncio.Runner": "asyncio.run",
    "asyncio.new_event_loop": "loop",
    "anyio.run": "anyio.run",
    "uvloop.run": "uvloop.run",
}


@dataclass(slots=True)
class Group:
    """Tests that are run in the same way, as far as that is known before they run."""

    kind: Kind
    items: list[pytest.Function] = field(default_factory=list)
    #: Arguments of the client that choose its loop.
    options: dict[str, Any] = field(default_factory=dict)


def groups_of(items: Sequence[pytest.Item], sources: Sequence[Source]) -> list[Group]:
    """Sort the tests that have a loop by how they get it."""
    groups: dict[object, Group] = {}
    callers = _callers(sources)
    functions = (item for item in items if isinstance(item, pytest.Function))
    # A plugin may have shuffled them.
    for item in sorted(functions, key=lambda item: item.nodeid):
        if is_async(item):
            kind: Kind = "unittest" if is_unittest(item) else "async"
            groups.setdefault(_key(item, kind), Group(kind)).items.append(item)
            continue
        for call in _reached(item, callers):
            key = call.kind, repr(call.options)
            group = groups.setdefault(key, Group(call.kind, options=call.options))
            group.items.append(item)
    return list(groups.values())


def is_async(item: pytest.Function) -> bool:
    """Whether somebody else has to run the coroutine of a test."""
    function: Any = item.function
    function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    return inspect.iscoroutinefunction(function)


def is_unittest(item: pytest.Function) -> bool:
    return isinstance(item.cls, type) and issubclass(item.cls, unittest.TestCase)


def loop_scope(item: pytest.Function) -> str:
    """The scope of the loop that pytest-asyncio gives a test."""
    marker = item.get_closest_marker("asyncio")
    given = marker and (marker.kwargs.get("loop_scope") or marker.kwargs.get("scope"))
    if release("pytest-asyncio") < _OWN_LOOPS:
        # It takes the loop of a fixture, which the suite may have made its own.
        fixture = _fixture(item, "event_loop")
        given = (release("pytest-asyncio") >= _MARKED_LOOPS and given) or getattr(
            fixture, "scope", None
        )
    return str(given or ini(item.config, "asyncio_default_test_loop_scope") or "function")


def ini(config: pytest.Config, name: str) -> Any:
    """A setting, or None where nobody knows it."""
    try:
        return config.getini(name)
    except (ValueError, KeyError):
        return None


def _key(item: pytest.Function, kind: Kind) -> object:
    if kind == "unittest":
        bases = [cls for cls in item.cls.__mro__ if cls.__module__ != item.module.__name__]
        return kind, bases[0]
    marks = [repr(item.get_closest_marker(name)) for name in ("asyncio", "anyio", "trio")]
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    fixtures = [
        (name, name in item.fixturenames, repr(parameters.get(name)), _base(item, name))
        for name in ("anyio_backend", "event_loop_policy", "event_loop", "_asyncio_loop_factory")
    ]
    return kind, type(item), tuple(marks), tuple(fixtures)


def _base(item: pytest.Function, name: str) -> str:
    """Where the fixture stands that a test gets by a name."""
    return str(getattr(_fixture(item, name), "baseid", ""))


def _fixture(item: pytest.Function, name: str) -> Any:
    """The definition of the fixture that a test gets by a name, or None."""
    manager: Any = getattr(item.session, "_fixturemanager", None)
    near = item if pytest.version_tuple >= (8,) else item.nodeid
    try:
        return manager.getfixturedefs(name, near)[-1]
    except (AttributeError, TypeError, IndexError):
        return None


@dataclass(frozen=True, slots=True)
class _Call:
    """A line of a test, a fixture or a module that runs a loop, or makes what does."""

    kind: Kind
    options: dict[str, Any]
    path: str
    #: What it is in: a function, or a fixture by its name; or the name that a module gives it.
    name: str
    within: Literal["function", "fixture", "module"]


def _callers(sources: Sequence[Source]) -> list[_Call]:
    found = []
    for source in sources:
        if source.origin != "test":
            continue
        for call, name in calls_of(source):
            kind = _RUNNERS.get(name)
            if kind is None:
                continue
            options = source.literals(call) if "client" in kind or kind == "portal" else {}
            options = {
                key: options[key] for key in ("backend", "backend_options") if key in options
            }
            for called, within in _places(source, call):
                found.append(_Call(kind, options, str(source.path), called, within))
    return found


def _places(
    source: Source, call: ast.Call
) -> Iterator[tuple[str, Literal["function", "fixture", "module"]]]:
    function = source.function_of(call)
    if function is None:
        for outer in source.outward(call):
            if isinstance(outer, ast.Assign):
                for target in outer.targets:
                    if isinstance(target, ast.Name):
                        yield target.id, "module"
        return
    fixture = source.fixture_name(function)
    if fixture is None:
        yield function.name, "function"
    else:
        yield fixture, "fixture"


def _reached(item: pytest.Function, callers: Sequence[_Call]) -> list[_Call]:
    path, fixtures = str(item.path), set(item.fixturenames)
    functions = {
        item.originalname or item.name,
        "setUp",
        "setup_method",
        "setUpClass",
        "setup_class",
    }
    globals_ = set(getattr(getattr(item.function, "__code__", None), "co_names", ()))
    names = {"fixture": fixtures, "function": functions, "module": globals_}
    found: dict[object, _Call] = {}
    for call in callers:
        is_near = call.within == "fixture" or call.path == path
        if is_near and call.name in names[call.within]:
            found.setdefault((call.kind, repr(call.options)), call)
    return list(found.values())
