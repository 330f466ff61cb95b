import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from shop.db import Base, engine
from shop.main import app
from sqlalchemy.ext.asyncio import create_async_engine

from .isolation import rebound


def migrate(database_url: str) -> None:
    asyncio.run(create_tables(database_url))


async def create_tables(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    async with rebound(engine, database_url):
        yield app
