import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from .isolation import rebound

# The app needs it when it is imported.
os.environ["DATABASE_URL"] = "postgresql+asyncpg://none@localhost/none"

from journal.db import Base, engine
from journal.main import app


def migrate(database_url: str) -> None:
    async def create_all() -> None:
        engine = create_async_engine(database_url)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await engine.dispose()

    asyncio.run(create_all())


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    async with rebound(engine, database_url):
        yield app
