import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from catalogue.app import Base, app
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from .isolation import running, url_for


def migrate(database_url: str) -> None:
    async def create_all() -> None:
        engine = create_async_engine(database_url)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await engine.dispose()

    asyncio.run(create_all())


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    url = url_for("psycopg", database_url).render_as_string(hide_password=False)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CATALOGUE_DB", url)
        async with running(app):
            yield app
