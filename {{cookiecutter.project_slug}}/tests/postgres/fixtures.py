"""The fixture `databases`. Knows nothing about the app, so it can be copied."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from threading import Thread
from typing import Any, TypeVar

import pytest

from .databases import DatabaseError, Databases, open_databases
from .patience import saying

Value = TypeVar("Value")

STARTING = "Preparing the database of the tests, and applying the migrations ..."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    __tracebackhide__ = True
    try:
        return (yield)
    except DatabaseError as error:
        if not hasattr(item.config, "workerinput"):
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        # pytest-xdist treats the exit of a worker as a crash.
        item.session.shouldstop = str(error)
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def app_under_test(pytestconfig: pytest.Config) -> Any:
    """The plugin or conftest that knows the app: the last one that has `migrate`."""
    plugins = [plugin for _, plugin in pytestconfig.pluginmanager.list_name_plugin()]
    for plugin in reversed(plugins):
        if callable(getattr(plugin, "migrate", None)):
            return plugin
    raise DatabaseError(
        "No plugin of pytest defines `migrate` and `running_app`. Write them in "
        "app_under_test.py, and name it in `pytest_plugins` of the top-level conftest.py."
    )


@pytest.fixture(scope="session")
def databases(app_under_test: Any, pytestconfig: pytest.Config) -> Iterator[Databases]:
    """The throw-away databases of this run."""
    over_tcp = getattr(app_under_test, "over_tcp", False)
    start = in_thread(open_databases(app_under_test.migrate, over_tcp=over_tcp))
    with ExitStack() as stack:
        with saying(pytestconfig, STARTING):
            databases = stack.enter_context(start)
        yield databases


@contextmanager
def in_thread(manager: AbstractAsyncContextManager[Value]) -> Iterator[Value]:
    """Enter a context on an event loop in its own thread, since the loop of a test ends with it."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="databases of the tests", daemon=True)
    thread.start()
    try:
        value = asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result()
        try:
            yield value
        finally:
            asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
