"""The application."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from app import health
from app.admin import router as admin
from app.auth import router as auth
from app.billing import router as billing
from app.chat import router as chat
from app.comments import router as comments
from app.config import PYPROJECT, InvalidSettings, Settings, load_settings
from app.errors import add_error_handlers
from app.feed import router as feed
from app.files import router as files
from app.graph import schema as graph
from app.jobs import router as jobs
from app.lifespan import lifespan
from app.observability import metrics
from app.observability.logs import RequestLog, configure_logging
from app.pages import router as pages
from app.reports import router as reports
from app.stats import router as stats
from app.stats.limits import limiter
from app.tickets import router as tickets
from app.todos import router as todos
from app.users import router as users

ROUTERS = (
    auth.router,
    users.router,
    health.router,
    todos.router,
    comments.router,
    files.router,
    chat.router,
    admin.router,
    jobs.router,
    feed.router,
    billing.router,
    reports.router,
    tickets.router,
    stats.router,
    pages.router,
    metrics.router,
)


class SettingsAtStart:
    """Reads the settings when the server starts. If they are wrong, it is told so in one line."""

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
    """Make the application.

    Args:
        settings: Read from the environment at start-up if not given.
    """
    configure_logging()
    app = FastAPI(
        title=PYPROJECT["tool"]["app"]["title"],
        description=PYPROJECT["project"]["description"],
        version=PYPROJECT["project"]["version"],
        lifespan=lifespan,
    )
    app.state.limiter = limiter
    app.state.metrics = metrics.Metrics()
    app.add_middleware(metrics.MeasuredRequests, metrics=app.state.metrics)
    app.add_middleware(RequestLog)
    app.add_middleware(SettingsAtStart, settings=settings)
    add_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(graph.router, prefix="/graphql", include_in_schema=False)
    app.mount("/static", StaticFiles(directory=pages.HERE / "static"), name="static")
    return app


app = create_app()
