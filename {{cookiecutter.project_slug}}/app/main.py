"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import async_sessionmaker
from starlette.types import ASGIApp, Receive, Scope, Send

from app import health
from app.auth import router as auth
from app.config import PYPROJECT, InvalidSettings, Settings, load_settings
from app.database import create_engine
from app.errors import DatabaseUnavailable, add_error_handlers, problems
from app.schema import Migrations
from app.users import router as users


class SettingsAtStart:
    """Reads the settings when the server starts, and reports invalid ones in a single line."""

    def __init__(self, app: ASGIApp, settings: Settings | None) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            try:
                scope["app"].state.settings = self.settings or load_settings(Settings)
            except InvalidSettings as error:
                # Raised in the lifespan function, it would reach the server as a traceback.
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
        await self.app(scope, receive, send)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Create the application.

    Args:
        settings: Read from the environment at start-up if not given.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings: Settings = app.state.settings
        engine = create_engine(settings.database_url, settings)
        read_url = settings.database_read_url
        replica = create_engine(read_url, settings) if read_url else engine
        app.state.migrations = Migrations()
        app.state.sessionmaker = async_sessionmaker(engine, expire_on_commit=False)
        app.state.read_sessionmaker = async_sessionmaker(
            replica.execution_options(postgresql_readonly=True)
        )
        try:
            yield
        finally:
            await engine.dispose()
            await replica.dispose()

    app = FastAPI(
        title=PYPROJECT["tool"]["app"]["title"],
        description=PYPROJECT["project"]["description"],
        version=PYPROJECT["project"]["version"],
        lifespan=lifespan,
    )
    app.add_middleware(SettingsAtStart, settings=settings)
    add_error_handlers(app)
    # A request goes through them in this order: what is asked most comes first.
    for router in (health.router, users.router, auth.router):
        app.include_router(router, responses=problems(DatabaseUnavailable))

    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{request.scope['root_path']}/docs")

    return app


app = create_app()
