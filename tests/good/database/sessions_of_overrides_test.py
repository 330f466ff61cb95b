from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from .sessions_of_overrides import get_db, router


@asynccontextmanager
async def connected_by_the_first_request(
    connection: AsyncConnection,
) -> AsyncIterator[Callable[[], Any]]:
    opened: list[AsyncConnection] = []

    async def override() -> AsyncIterator[AsyncSession]:
        if not opened:
            opened.append(await connection.engine.connect())
            await opened[0].begin()
        mode = "create_savepoint"
        async with AsyncSession(opened[0], join_transaction_mode=mode) as session:
            yield session

    yield override
    await opened[0].close()


@asynccontextmanager
async def kept_open(connection: AsyncConnection) -> AsyncIterator[Callable[[], Any]]:
    class Kept(AsyncSession):
        async def __aexit__(self, *_: object) -> None:
            """The recipe ends it."""

    sessions = async_sessionmaker(connection, class_=Kept, join_transaction_mode="create_savepoint")
    made: list[AsyncSession] = []

    async def override() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            made.append(session)
            yield session

    yield override
    for session in reversed(made):
        await session.close()


async def use(own: FastAPI) -> None:
    transport = httpx.ASGITransport(own)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        for email in ("ada@example.com", "bob@example.com"):
            assert (await http.post("/users", params={"email": email})).json() == email
            assert (await http.delete("/users")).status_code == 409
        assert (await http.get("/users")).json() == ["ada@example.com", "bob@example.com"]


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    own = FastAPI()
    own.include_router(router)
    engine = create_async_engine(app.state.settings.database_url)
    for recipe in (connected_by_the_first_request, kept_open):
        async with engine.connect() as connection:
            outer = await connection.begin()
            async with recipe(connection) as override:
                own.dependency_overrides[get_db] = override
                await use(own)
            await outer.rollback()
    await engine.dispose()
