import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from ledger.api import app
from ledger.orm import mapper_registry
from ledger.unit_of_work import SESSION_FACTORY
from sqlalchemy.ext.asyncio import create_async_engine

from .isolation import rebound


def migrate(database_url: str) -> None:
    async def create_all() -> None:
        engine = create_async_engine(database_url)
        async with engine.begin() as connection:
            await connection.run_sync(mapper_registry.metadata.create_all)
        await engine.dispose()

    asyncio.run(create_all())


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    async with rebound(SESSION_FACTORY.kw["bind"], database_url):
        yield app
