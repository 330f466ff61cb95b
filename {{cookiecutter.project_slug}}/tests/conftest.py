"""The fixtures of this app's tests.

`session` and `client` share one transaction, which is rolled back after the test.
`concurrent_client` has a database of its own, a pool and real commits: it is for races.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from alembic import command
from alembic.config import Config
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from app.config import Settings
from app.database import get_session
from app.main import create_app
from app.security import create_access_token, password_context
from app.users.models import User
from app.users.service import create_user
from tests.isolation import Isolation, isolated
from tests.postgres import DatabaseError, Databases, open_databases

# Tests run on a debug-mode event loop, and every async defect fails the test that caused it.
pytest_plugins = ["tests.behavior_gate"]

PASSWORD = "correct horse battery staple"
SECRET_KEY = "a secret key that only the tests know"


# --- The database


def migrate(database_url: str) -> None:
    config = Config(Path(__file__).parent.parent / "alembic.ini")
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


@pytest.fixture(scope="session")
async def databases() -> AsyncIterator[Databases]:
    try:
        async with open_databases(migrate) as databases:
            yield databases
    except DatabaseError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(scope="session")
async def engine(databases: Databases) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(await databases.clone())
    yield engine
    await engine.dispose()


@pytest.fixture
async def isolation(engine: AsyncEngine) -> AsyncIterator[Isolation]:
    async with isolated(engine) as isolation:
        yield isolation


@pytest.fixture
async def session(isolation: Isolation) -> AsyncSession:
    """A session of the test. It sees what the app has committed, and the app what it commits."""
    return isolation.test_session


# --- The app and its clients


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_url=database_url, secret_key=SECRET_KEY))
    async with LifespanManager(app):
        yield app


@pytest.fixture
async def app(engine: AsyncEngine, isolation: Isolation) -> AsyncIterator[FastAPI]:
    async with running_app(engine.url.render_as_string(hide_password=False)) as app:
        # A session that is opened without get_session lands in the test's transaction too.
        app.state.sessionmaker = isolation.app_sessions
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
    app.dependency_overrides.clear()


@pytest.fixture
async def concurrent_app(databases: Databases) -> AsyncIterator[FastAPI]:
    database_url = await databases.clone()
    async with running_app(database_url) as app:
        yield app
    await databases.drop(database_url)


@pytest.fixture
async def concurrent_client(concurrent_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose requests may run at the same moment, each on a connection of its own."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(concurrent_app), base_url="http://test"
    ) as client:
        yield client


@pytest.fixture
async def concurrent_session(concurrent_app: FastAPI) -> AsyncIterator[AsyncSession]:
    """A session of the test in the database of `concurrent_client`."""
    async with concurrent_app.state.sessionmaker() as session:
        yield session


# --- What tests are about


@pytest.fixture(scope="session", autouse=True)
def _cheap_password_hashes() -> None:
    password_context.update(argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)


@pytest.fixture
async def user(session: AsyncSession) -> User:
    user = await create_user(session, email="ada@example.com", password=PASSWORD)
    await session.commit()
    return user


@pytest.fixture
def token(user: User) -> dict[str, str]:
    """The header that authenticates `user`."""
    return bearer(user)


def bearer(user: User, *, lifetime: timedelta = timedelta(minutes=5)) -> dict[str, str]:
    token = create_access_token(user.id, secret_key=SECRET_KEY, lifetime=lifetime)
    return {"Authorization": f"Bearer {token}"}
