from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from .commit_forgotten_override import get_db, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    engine = create_async_engine(app.state.settings.database_url)
    async with engine.connect() as connection:
        outer = await connection.begin()

        async def override() -> AsyncIterator[AsyncSession]:
            mode = "create_savepoint"
            async with AsyncSession(connection, join_transaction_mode=mode) as session:
                yield session

        app.include_router(router)
        app.dependency_overrides[get_db] = override
        assert (await client.post("/trap")).status_code == 200
        del app.dependency_overrides[get_db]
        await outer.rollback()
    await engine.dispose()
