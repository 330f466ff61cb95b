"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import health
from app.auth import router as auth
from app.config import PYPROJECT, Settings, load_settings
from app.database import create_engine
from app.errors import add_error_handlers
from app.users import router as users


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application.

    Args:
        settings: Read from the environment at start-up if not given.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.settings = settings or load_settings(Settings)
        engine = create_engine(app.state.settings.database_url)
        app.state.sessionmaker = async_sessionmaker(engine, expire_on_commit=False)
        try:
            yield
        finally:
            await engine.dispose()

    app = FastAPI(
        title=PYPROJECT["tool"]["app"]["title"],
        description=PYPROJECT["project"]["description"],
        version=PYPROJECT["project"]["version"],
        lifespan=lifespan,
    )
    add_error_handlers(app)
    for router in (auth.router, users.router, health.router):
        app.include_router(router)
    return app


app = create_app()
