from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from library.database import Base, engine
from library.main import app
from sqlalchemy import create_engine

from .isolation import rebound, url_for


def migrate(database_url: str) -> None:
    engine = create_engine(url_for("psycopg2", database_url))
    Base.metadata.create_all(engine)
    engine.dispose()


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    async with rebound(engine, database_url):
        yield app
