"""Mistakes about the event loop: tests that nobody runs, loops that are not the expected ones."""

from __future__ import annotations

import ast
import sys

from ..problems import Check, Found, Suite
from ..sources import Function, Source, calls_of
from ..versions import release
from ..ways import loop_scope

#: pytest-asyncio has its own loops since then, and takes none from a fixture.
_OWN_LOOPS = (1, 0)
_LOOP_SCOPE = (0, 24)
_SCOPES = ("function", "class", "module", "package", "session")
#: Drivers whose connections belong to the loop that opened them.
_BOUND_DRIVERS = ("asyncpg", "psycopg", "aiomysql", "asyncmy", "aioodbc")
#: What else keeps such connections.
_POOLS = {
    "asyncpg.connect",
    "asyncpg.create_pool",
    "aiohttp.ClientSession",
    "aiomysql.create_pool",
    "psycopg.AsyncConnection.connect",
    "psycopg_pool.AsyncConnectionPool",
    "redis.asyncio.Redis",
    "redis.asyncio.Redis.from_url",
    "redis.asyncio.from_url",
}
_ENGINE = {
    "sqlalchemy.ext.asyncio.create_async_engine",
    "sqlalchemy.ext.asyncio.engine.create_async_engine",
}


def ignored_event_loop(suite: Suite) -> Found:
    """Find an `event_loop` fixture where pytest-asyncio has no use for it."""
    is_used = any("event_loop" in item.fixturenames for item in suite.functions)
    if is_used or release("pytest-asyncio") < _OWN_LOOPS:
        return
    if not suite.config.pluginmanager.has_plugin("asyncio"):
        return
    for source, function in suite.kinds.fixtures("event_loop"):
        if source.origin == "test":
            yield (
                source.place(function),
                "nothing calls the fixture `event_loop`: since version 1, pytest-asyncio makes"
                " the loops itself",
            )


def test_not_run(suite: Suite) -> Found:
    """Find the async tests whose body never runs."""
    for way in suite.ways:
        if way.seen.ran or way.problem or way.kind not in ("async", "unittest"):
            continue
        for item in way.items:
            who = "not even unittest" if way.kind == "unittest" else "no plugin"
            where = suite.place_of(item)
            yield where, f"{item.name} is `async def`, and {who} awaits it: its body never runs"


def mark_with_scope(suite: Suite) -> Found:
    """Find the old name of the argument that chooses the loop of a test."""
    if release("pytest-asyncio") < _LOOP_SCOPE:
        return
    for source in suite.tests:
        for call, name in calls_of(source):
            if name == "pytest.mark.asyncio" and any(k.arg == "scope" for k in call.keywords):
                yield (
                    source.place(call),
                    "`pytest.mark.asyncio(scope=...)` is deprecated, and is not the scope of a"
                    " fixture",
                )


def current_loop(suite: Suite) -> Found:
    """Find tests and fixtures that ask for the current loop where none runs."""
    tests = {(str(item.path), item.originalname or item.name) for item in suite.functions}
    for source in suite.tests:
        for call, name in calls_of(source):
            function = source.function_of(call)
            if name != "asyncio.get_event_loop" or not isinstance(function, ast.FunctionDef):
                continue
            is_test = (str(source.path), function.name) in tests
            is_called_by_pytest = is_test or source.fixture_name(function) is not None
            if is_called_by_pytest and not _is_prepared(source, function, call):
                yield (
                    source.place(call),
                    "asyncio.get_event_loop() in a plain function makes a loop of its own, or"
                    " raises from Python 3.14 on",
                )


def pool_across_loops(suite: Suite) -> Found:
    """Find connections that outlive the loops of the tests that use them."""
    for source in suite.tests:
        for call, name in calls_of(source):
            if name not in _POOLS and not _is_pooled_engine(source, call, name):
                continue
            function = source.function_of(call)
            scope = _scope_of(source, function) if function else "session"
            fixture = source.fixture_name(function) if function else None
            narrowest = _narrowest(suite, fixture)
            if scope is not None and narrowest is not None and _is_wider(scope, narrowest):
                yield (
                    source.place(call),
                    f"this keeps connections for the {scope}, and tests have a loop per"
                    f" {narrowest}: the next one gets them from a loop that is closed",
                )


def _is_pooled_engine(source: Source, call: ast.Call, name: str) -> bool:
    is_bound = any(driver in sys.modules for driver in _BOUND_DRIVERS)
    return name in _ENGINE and is_bound and not _has_no_pool(source, call)


def _narrowest(suite: Suite, fixture: str | None) -> str | None:
    """The shortest scope of the loops of the tests that get a fixture; of all for none."""
    scopes = [
        loop_scope(item)
        for way in suite.ways
        for item in way.items
        if way.kind == "async" and way.seen.runner == "pytest-asyncio"
        if fixture is None or fixture in item.fixturenames
    ]
    return min(scopes, key=_SCOPES.index, default=None)


def _is_wider(scope: str, other: str) -> bool:
    return _SCOPES.index(scope) > _SCOPES.index(other)


def _is_prepared(source: Source, function: Function, call: ast.Call) -> bool:
    """Whether the function sets a loop itself, or expects that there is none."""
    sets = any(
        isinstance(node, ast.Call) and source.name(node.func) == "asyncio.set_event_loop"
        for node in ast.walk(function)
    )
    return sets or any(isinstance(node, ast.Try | ast.Lambda) for node in source.outward(call))


def _has_no_pool(source: Source, call: ast.Call) -> bool:
    """Whether it keeps no connection that belongs to a loop."""
    texts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
    is_sqlite = any(isinstance(text, str) and text.startswith("sqlite") for text in texts)
    chooses = any(keyword.arg in (None, "poolclass", "pool") for keyword in call.keywords)
    return is_sqlite or chooses or _is_disposed(source)


def _is_disposed(source: Source) -> bool:
    """Whether connections are dropped somewhere in the module, maybe after each test."""
    fixtures = (one for one in source.functions() if _scope_of(source, one) == "function")
    return any(
        isinstance(node, ast.Attribute) and node.attr == "dispose"
        for fixture in fixtures
        for node in ast.walk(fixture)
    )


def _scope_of(source: Source, function: Function) -> str | None:
    decorator = source.fixture_decorator(function)
    if decorator is None:
        return None
    given = source.literals(decorator) if isinstance(decorator, ast.Call) else {}
    scope = given.get("scope", "function")
    return scope if scope in _SCOPES else None


CHECKS = (
    Check(
        "event-loop-fixture",
        ignored_event_loop,
        fix="remove it; for one loop for many tests set `asyncio_default_test_loop_scope ="
        " session` and `asyncio_default_fixture_loop_scope = session`",
    ),
    Check(
        "test-not-run",
        test_not_run,
        fix="add `@pytest.mark.asyncio` or set `asyncio_mode = auto` (pytest-asyncio), or add"
        " `@pytest.mark.anyio` (anyio); in a class of unittest, derive it from"
        " unittest.IsolatedAsyncioTestCase",
    ),
    Check("mark-scope", mark_with_scope, fix="write `loop_scope=` in place of `scope=`"),
    Check(
        "current-loop",
        current_loop,
        fix="make the test or fixture `async def`, or run the coroutine by asyncio.run(...)",
    ),
    Check(
        "pool-across-loops",
        pool_across_loops,
        fix="give the tests the loop of the fixture (`asyncio_default_test_loop_scope = session`),"
        " make it a fixture for one test, or create an engine with `poolclass=NullPool`",
    ),
)
