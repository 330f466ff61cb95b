"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from importlib import import_module

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import async_sessionmaker
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.body_limit import BodyLimit
from app.config import PYPROJECT, InvalidSettings, Settings, load_settings
from app.database import create_engine
from app.errors import DatabaseUnavailable, add_error_handlers, problems
from app.logs import configure_logs
from app.middleware import Outermost, TrustedHosts
from app.migrated import migrations_of_this_version
from app.security import hashing_threads, verify_password

# The modules whose `router` is served. A request goes through them in this order: what is asked
# most comes first.
ROUTERS = (
    "app.health",
    "app.users.router",
    "app.memos.router",
    "app.auth.router",
)


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


class Application(FastAPI):
    @cached_property
    def outermost(self) -> Outermost:
        # Not in the stack of middlewares, which others may replace to add their own.
        return Outermost(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await self.outermost(scope, receive, send)


def only_if_documented(endpoint: ASGIApp) -> ASGIApp:
    """Hide an endpoint if the setting `docs` is off."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["app"].state.settings.docs:
            raise HTTPException(404)
        await endpoint(scope, receive, send)

    return respond


def create_app(settings: Settings | None = None) -> FastAPI:
    """Create the application.

    Args:
        settings: Read from the environment at start-up if not given.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings: Settings = app.state.settings
        hashing_threads.limit(
            at_once=settings.password_hashes_at_once, waiting=settings.password_hashes_waiting
        )
        # An unknown email is compared with a hash that is made at first use.
        await verify_password("", None)
        engine = create_engine(settings.database_url, settings)
        read_url = settings.database_read_url
        replica = create_engine(read_url, settings) if read_url else engine
        app.state.migrations = migrations_of_this_version()
        app.state.sessionmaker = async_sessionmaker(engine, expire_on_commit=False)
        app.state.read_sessionmaker = async_sessionmaker(
            replica.execution_options(postgresql_readonly=True)
        )
        try:
            yield
        finally:
            await engine.dispose()
            await replica.dispose()

    app = Application(
        title=PYPROJECT["tool"]["app"]["title"],
        description=PYPROJECT["project"]["description"],
        version=PYPROJECT["project"]["version"],
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(TrustedHosts)
    app.add_middleware(SettingsAtStart, settings=settings)
    add_error_handlers(app)

    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{request.scope['root_path']}/docs")

    # So far there are only the routes of the documentation.
    for route in (route for route in app.routes if isinstance(route, Route)):
        route.app = only_if_documented(route.app)
    for name in ROUTERS:
        app.include_router(import_module(name).router, responses=problems(DatabaseUnavailable))
    return app


configure_logs()
app = create_app()
