import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from notes import database
from notes.database import get_session
from notes.main import app
from notes.planted import router

app.include_router(router)


@pytest.fixture
async def own_sessions(connection, monkeypatch):
    async def override():
        async with AsyncSession(connection, join_transaction_mode="create_savepoint") as session:
            yield session

    app.dependency_overrides[get_session] = override
    monkeypatch.setattr(database, "Session", async_sessionmaker(connection))


@pytest.mark.parametrize("path", ["given", "own", "kept"])
async def test_post(client, own_sessions, path):
    assert (await client.post(f"/planted/{path}")).status_code == 200
