import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from orders.db import Base, get_engine
from orders.main import create_app
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from .isolation import running

base_url = "http://api.orders.example/v1"
over_tcp = True


def migrate(database_url: str) -> None:
    async def create_all() -> None:
        engine = create_async_engine(database_url)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await engine.dispose()

    asyncio.run(create_all())


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    url = make_url(database_url)
    settings = {
        "DB_HOST": url.host,
        "DB_PORT": str(url.port),
        "DB_USER": url.username,
        "DB_PASSWORD": url.password,
        "DB_NAME": url.database,
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(name, value)
        app = create_app()
        async with running(app):
            yield app
        await get_engine().dispose()
        get_engine.cache_clear()
