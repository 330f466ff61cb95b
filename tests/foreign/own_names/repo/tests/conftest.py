import asyncio

import httpx
import pytest
from places.app import Base, get_session, make_app
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine


@pytest.fixture(scope="session")
def event_loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
async def engine(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/places.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
async def session(engine):
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def app(engine):
    async def get_test_session():
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session

    app = make_app("sqlite+aiosqlite://")
    app.dependency_overrides[get_session] = get_test_session
    return app


@pytest.fixture
async def client(app):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://places") as client:
        client.headers["x-client"] = "of its own"
        yield client
