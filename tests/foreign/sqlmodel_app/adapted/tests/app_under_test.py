import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from heroes.database import engine
from heroes.main import app
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession as session_class

from .isolation import rebound, running

__all__ = ["session_class"]


def migrate(database_url: str) -> None:
    async def create_all() -> None:
        engine = create_async_engine(database_url)
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        await engine.dispose()

    asyncio.run(create_all())


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    async with rebound(engine, database_url), running(app):
        yield app
