from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from bookings.factory import create_app
from bookings.settings import Settings, get_settings
from fastapi import FastAPI

from .isolation import running


def migrate(database_url: str) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BOOKINGS_DATABASE_DSN", database_url)
        get_settings.cache_clear()
        command.upgrade(Config(Path(__file__).parent.parent / "alembic.ini"), "head")
    get_settings.cache_clear()


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    app = create_app(Settings(database_dsn=database_url))
    async with running(app):
        yield app
