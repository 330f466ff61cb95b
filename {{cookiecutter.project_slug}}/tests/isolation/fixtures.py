"""The fixtures of the tests. What they need to know about the app is in `app_under_test.py`.

`session` and `client` share one transaction, which is rolled back after the test; `now()` does not
advance in it. With `@pytest.mark.real_commits` they use a database that only this test has, with a
pool and real commits: for races, for LISTEN and NOTIFY, and for anything else that needs more than
one connection.

Where a project has its own `app`, `client`, `session` or `engine`, those win. Those here are then
`isolated_app`, `isolated_client`, `isolated_session` and `isolated_engine`.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from .apps import restored, served
from .database import Isolation
from .places import Databases, Places
from .summary import PLUGIN, Summary
from .websocket import WebSocket, websocket


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
async def has_real_commits(request: pytest.FixtureRequest, _places: Places) -> bool:
    """Whether the test has its own database.

    A plain function that requests `app` has one too: it calls the app through Starlette's
    TestClient, which uses another event loop, where the one connection of a test does not work.
    """
    fixtures = request.fixturenames
    return (
        request.node.get_closest_marker("real_commits") is not None
        or any(name.startswith("concurrent_") for name in fixtures)
        or ("isolated_app" in fixtures and not inspect.iscoroutinefunction(request.function))
        or await _places.needs_real_commits()
    )


@pytest_asyncio.fixture
async def isolation(_places: Places, has_real_commits: bool) -> AsyncIterator[Isolation]:
    async with _places.isolated(real_commits=has_real_commits) as isolation:
        yield isolation


@pytest.fixture
def isolated_engine(isolation: Isolation) -> AsyncEngine:
    """The engine of the test's database."""
    return isolation.engine


@pytest.fixture
def isolated_session(isolation: Isolation) -> AsyncSession:
    """A session of the test. It sees what the app has committed, and the app what it commits."""
    return isolation.test_session


@pytest_asyncio.fixture
async def concurrent_session(isolated_engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A separate session on the database: no request commits what it has written."""
    async with AsyncSession(isolated_engine, expire_on_commit=False) as session:
        yield session


# --- The app and its clients


@pytest.fixture(scope="session")
def base_url(app_under_test: Any) -> str:
    """The address of the app, for `client`: it may have a host that the app trusts, or a path."""
    return getattr(app_under_test, "base_url", "http://test")


@pytest_asyncio.fixture
async def isolated_app(isolation: Isolation, app_under_test: Any) -> AsyncIterator[Any]:
    """The running app. Any engine that it creates works in the isolation of the test."""
    async with app_under_test.running_app(isolation.database_url) as app:
        with restored(app):
            yield app


@pytest_asyncio.fixture
async def isolated_client(
    isolated_app: Any, isolation: Isolation, base_url: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app. Simultaneous requests need real commits."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(served(isolated_app)),
        base_url=base_url,
        event_hooks={"request": [isolation.before_request]},
    ) as client:
        yield client


@pytest.fixture
def concurrent_client(isolated_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """`client`, in a test that has real commits because it requests this fixture."""
    return isolated_client


@pytest.fixture
def concurrent_app(isolated_app: Any) -> Any:
    """`app`, in a test that has real commits because it requests this fixture."""
    return isolated_app


ConnectWebSocket = Callable[..., AbstractAsyncContextManager[WebSocket]]


@pytest.fixture
def connect_websocket(isolated_app: Any, isolation: Isolation, base_url: str) -> ConnectWebSocket:
    """Opens WebSockets: `async with connect_websocket("/chat", headers=token) as socket`."""

    @asynccontextmanager
    async def connect(
        url: str, *, headers: dict[str, str] | None = None, subprotocols: Sequence[str] = ()
    ) -> AsyncIterator[WebSocket]:
        await isolation.before_request()
        async with websocket(
            served(isolated_app),
            url,
            base_url=base_url,
            headers=headers,
            subprotocols=subprotocols,
        ) as socket:
            yield socket

    return connect


# --- The usual names


@pytest.fixture
def engine(isolated_engine: AsyncEngine) -> AsyncEngine:
    """See `isolated_engine`."""
    return isolated_engine


@pytest.fixture
def session(isolated_session: AsyncSession) -> AsyncSession:
    """See `isolated_session`."""
    return isolated_session


@pytest.fixture
def app(isolated_app: Any) -> Any:
    """See `isolated_app`."""
    return isolated_app


@pytest.fixture
def client(isolated_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """See `isolated_client`."""
    return isolated_client
