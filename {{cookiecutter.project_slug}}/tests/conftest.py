"""The fixtures of the tests. What they need to know about the app is in `app_under_test.py`.

`session` and `client` share one transaction, which is rolled back after the test; `now()` does not
advance in it. With `@pytest.mark.real_commits` they use a database that only this test has, with a
pool and real commits: for races, for LISTEN and NOTIFY, and for anything else that needs more than
one connection.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from tests.app_under_test import get_session, migrate, running_app
from tests.isolation import (
    Isolation,
    SharedDatabase,
    committed,
    guarded,
    only_databases,
    restored,
    served,
)
from tests.postgres import DatabaseError, Databases, open_databases
from tests.websocket import WebSocket, websocket

# Tests run on a debug-mode event loop, and every async defect fails the test that caused it.
pytest_plugins = ["tests.behavior_gate", "tests.app_under_test"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "real_commits: the test has its own database, with a pool and real commits"
    )


# --- The database


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
async def databases() -> AsyncIterator[Databases]:
    async with open_databases(migrate) as databases:
        with only_databases("pytest_"):
            yield databases


@pytest.fixture(scope="session")
async def shared_database(databases: Databases) -> AsyncIterator[SharedDatabase]:
    shared = SharedDatabase(await databases.clone())
    yield shared
    await shared.dispose()


@pytest.fixture
def has_real_commits(request: pytest.FixtureRequest) -> bool:
    """Whether the test has its own database.

    A plain function that requests `app` has one too: it calls the app through Starlette's
    TestClient, which uses another event loop, where the one connection of a test does not work.
    """
    fixtures = request.fixturenames
    return (
        request.node.get_closest_marker("real_commits") is not None
        or any(name.startswith("concurrent_") for name in fixtures)
        or ("app" in fixtures and not inspect.iscoroutinefunction(request.function))
    )


@pytest.fixture
async def engine(
    databases: Databases, shared_database: SharedDatabase, has_real_commits: bool
) -> AsyncIterator[AsyncEngine]:
    """The engine of the test's database."""
    await databases.check()
    if not has_real_commits:
        yield shared_database.engine
        return
    database_url = await databases.clone()
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()
    await databases.drop(database_url)


@pytest.fixture
async def isolation(
    engine: AsyncEngine, shared_database: SharedDatabase, has_real_commits: bool
) -> AsyncIterator[Isolation]:
    place = committed(engine) if has_real_commits else shared_database.isolated()
    async with place as isolation:
        yield isolation


@pytest.fixture
async def session(isolation: Isolation) -> AsyncSession:
    """A session of the test. It sees what the app has committed, and the app what it commits."""
    return isolation.test_session


# --- The app and its clients


@pytest.fixture
async def app(isolation: Isolation) -> AsyncIterator[FastAPI]:
    """The running app. Any engine that it creates works in the isolation of the test."""
    async with running_app(isolation.database_url) as app:
        with restored(app):
            yield app


@pytest.fixture
async def client(app: FastAPI, isolation: Isolation) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app. Simultaneous requests need real commits."""
    if not isolation.real_commits:
        app.dependency_overrides[get_session] = guarded(get_session)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(served(app)),
        base_url="http://test",
        event_hooks={"request": [isolation.before_request]},
    ) as client:
        yield client


@pytest.fixture
def concurrent_client(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """`client`, in a test that has real commits because it requests this fixture."""
    return client


@pytest.fixture
def concurrent_app(app: FastAPI) -> FastAPI:
    """`app`, in a test that has real commits because it requests this fixture."""
    return app


@pytest.fixture
async def concurrent_session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A separate session on the database: no request commits what it has written."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


ConnectWebSocket = Callable[..., AbstractAsyncContextManager[WebSocket]]


@pytest.fixture
def connect_websocket(app: FastAPI, isolation: Isolation) -> ConnectWebSocket:
    """Opens WebSockets: `async with connect_websocket("/chat", headers=token) as socket`."""

    @asynccontextmanager
    async def connect(
        url: str, *, headers: dict[str, str] | None = None, subprotocols: Sequence[str] = ()
    ) -> AsyncIterator[WebSocket]:
        await isolation.before_request()
        async with websocket(
            served(app), url, headers=headers, subprotocols=subprotocols
        ) as socket:
            yield socket

    return connect
