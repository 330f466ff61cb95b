"""The fixtures of the tests. What they need to know of the app is in `app_under_test.py`.

`session` and `client` share one transaction, which is rolled back after the test.
`concurrent_client` has a database of its own, a pool and real commits: it is for races.
"""

from collections.abc import AsyncIterator, Generator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from tests.app_under_test import get_session, migrate, running_app
from tests.isolation import Isolation, isolated, only_databases, restored
from tests.postgres import DatabaseError, Databases, open_databases

# Tests run on a debug-mode event loop, and every async defect fails the test that caused it.
pytest_plugins = ["tests.behavior_gate", "tests.app_under_test"]

# --- The database


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    __tracebackhide__ = True
    try:
        return (yield)
    except DatabaseError as error:
        if not hasattr(item.config, "workerinput"):
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        # pytest-xdist takes the exit of a worker for a crash.
        item.session.shouldstop = str(error)
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
async def databases() -> AsyncIterator[Databases]:
    async with open_databases(migrate) as databases:
        with only_databases("pytest_"):
            yield databases


@pytest.fixture(scope="session")
async def engine(databases: Databases) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(await databases.clone())
    yield engine
    await engine.dispose()


@pytest.fixture
async def isolation(databases: Databases, engine: AsyncEngine) -> AsyncIterator[Isolation]:
    await databases.check()
    async with isolated(engine) as isolation:
        yield isolation


@pytest.fixture
async def session(isolation: Isolation) -> AsyncSession:
    """A session of the test. It sees what the app has committed, and the app what it commits."""
    return isolation.test_session


# --- The app and its clients


@pytest.fixture
async def app(engine: AsyncEngine, isolation: Isolation) -> AsyncIterator[FastAPI]:
    database_url = engine.url.render_as_string(hide_password=False)
    async with running_app(database_url) as app:
        with restored(app):
            # A session that is opened without get_session lands in the test's transaction too.
            app.state.sessionmaker = isolation.app_sessions()
            yield app


@pytest.fixture
async def client(app: FastAPI, isolation: Isolation) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose requests work in the test's transaction, one after the other."""
    app.dependency_overrides[get_session] = isolation.get_session
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test",
        event_hooks={"request": [isolation.before_request]},
    ) as client:
        yield client


@pytest.fixture
async def concurrent_database(databases: Databases) -> AsyncIterator[str]:
    """The URL of a database that only this test has."""
    database_url = await databases.clone()
    yield database_url
    await databases.drop(database_url)


@pytest.fixture
async def concurrent_app(concurrent_database: str) -> AsyncIterator[FastAPI]:
    async with running_app(concurrent_database) as app:
        with restored(app):
            yield app


@pytest.fixture
async def concurrent_client(concurrent_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose requests may run at the same moment, each on a connection of its own."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(concurrent_app), base_url="http://test"
    ) as client:
        yield client


@pytest.fixture
async def concurrent_session(concurrent_database: str) -> AsyncIterator[AsyncSession]:
    """A session of the test in the database of `concurrent_client`."""
    engine = create_async_engine(concurrent_database)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
    await engine.dispose()
