import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from shop.db import Base, SessionLocal, get_db
from shop.main import app
from sqlalchemy.ext.asyncio import create_async_engine

get_session = get_db


def migrate(database_url: str) -> None:
    asyncio.run(create_tables(database_url))


async def create_tables(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    engine = create_async_engine(database_url)
    SessionLocal.configure(bind=engine)
    yield app
    await engine.dispose()
