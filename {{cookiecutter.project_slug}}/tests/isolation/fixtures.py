"""The fixtures of the tests. What they need to know about the app is in `app_under_test.py`.

`session` and `client` share one transaction, which is rolled back after the test; `now()` does not
advance in it. With `@pytest.mark.real_commits` they use a database that only this test has, with a
pool and real commits: for races, for LISTEN and NOTIFY, and for anything else that needs more than
one connection.

A project's own `app`, `client`, `session` or `engine` replaces the one of that name here, which is
always also `isolated_app`, `isolated_client`, `isolated_session` or `isolated_engine`.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from .clients import RunningApp
from .database import Isolation
from .places import Databases, Places
from .summary import PLUGIN, Summary
from .websocket import WebSocket

#: Fixtures that need a database of their own.
NEED_REAL_COMMITS = ("concurrent_", "interleavings", "interruptions")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Summary(config), PLUGIN)
    config.addinivalue_line(
        "markers", "real_commits: the test has its own database, with a pool and real commits"
    )


# --- The database


@pytest.fixture(scope="session")
def _places(
    databases: Databases, app_under_test: Any, pytestconfig: pytest.Config
) -> Iterator[Places]:
    places = Places(databases, app_under_test)
    yield places
    told = pytestconfig.pluginmanager.get_plugin(PLUGIN)
    assert isinstance(told, Summary)
    told.other_drivers |= places.other_drivers


@pytest_asyncio.fixture
async def _need_real_commits(_places: Places) -> bool:
    return await _places.need_real_commits()


@pytest.fixture
def has_real_commits(request: pytest.FixtureRequest, _places: Places) -> bool:
    """Whether the test has its own database.

    A plain function that requests `app` has one too: it calls the app through Starlette's
    TestClient, which uses another event loop, where the one connection of a test does not work.
    """
    fixtures = request.fixturenames
    if (
        request.node.get_closest_marker("real_commits") is not None
        or any(name.startswith(NEED_REAL_COMMITS) for name in fixtures)
        or ("_running" in fixtures and not inspect.iscoroutinefunction(request.function))
    ):
        return True
    if _places.all_have_real_commits is None:
        # Only the first test starts an event loop for this.
        all_have: bool = request.getfixturevalue("_need_real_commits")
        return all_have
    return _places.all_have_real_commits


@pytest_asyncio.fixture
async def isolation(_places: Places, has_real_commits: bool) -> AsyncIterator[Isolation]:
    async with _places.isolated(real_commits=has_real_commits) as isolation:
        yield isolation


@pytest.fixture
def engine(isolation: Isolation) -> AsyncEngine:
    """The engine of the test's database."""
    return isolation.engine


@pytest.fixture
def isolated_engine(isolation: Isolation) -> AsyncEngine:
    """`engine`, where the project has another one."""
    return isolation.engine


@pytest.fixture
def session(isolation: Isolation) -> AsyncSession:
    """A session of the test. It sees what the app has committed, and the app what it commits."""
    return isolation.test_session


@pytest.fixture
def isolated_session(isolation: Isolation) -> AsyncSession:
    """`session`, where the project has another one."""
    return isolation.test_session


@pytest_asyncio.fixture
async def concurrent_session(isolation: Isolation) -> AsyncIterator[AsyncSession]:
    """A separate session on the database: no request commits what it has written."""
    async with AsyncSession(isolation.engine, expire_on_commit=False) as session:
        yield session


# --- The app and its clients


@pytest_asyncio.fixture
async def _running(isolation: Isolation, app_under_test: Any) -> AsyncIterator[RunningApp]:
    running = RunningApp(isolation, app_under_test)
    yield running
    await running.stop()


@pytest_asyncio.fixture
async def app(_running: RunningApp) -> Any:
    """The running app. Any engine that it creates works in the isolation of the test."""
    return await _running.app()


@pytest_asyncio.fixture
async def isolated_app(_running: RunningApp) -> Any:
    """`app`, where the project has another one."""
    return await _running.app()


# Those below request `app` too, so that what a project adds to it is there.


@pytest_asyncio.fixture
async def client(app: Any, _running: RunningApp) -> httpx.AsyncClient:
    """A client of the app. Simultaneous requests need real commits."""
    return await _running.client()


@pytest_asyncio.fixture
async def isolated_client(_running: RunningApp) -> httpx.AsyncClient:
    """`client`, where the project has another one."""
    return await _running.client()


@pytest_asyncio.fixture
async def concurrent_client(app: Any, _running: RunningApp) -> httpx.AsyncClient:
    """`client`, in a test that has real commits because it requests this fixture."""
    return await _running.client()


@pytest_asyncio.fixture
async def concurrent_app(app: Any, _running: RunningApp) -> Any:
    """`app`, in a test that has real commits because it requests this fixture."""
    return await _running.app()


ConnectWebSocket = Callable[..., AbstractAsyncContextManager[WebSocket]]


@pytest_asyncio.fixture
async def connect_websocket(app: Any, _running: RunningApp) -> ConnectWebSocket:
    """Opens WebSockets: `async with connect_websocket("/chat", headers=token) as socket`."""
    await _running.app()
    return _running.connect_websocket
