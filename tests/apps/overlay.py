"""Lays an app over a freshly baked project, as a team would have grown it there."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from support.project import HEAD

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Edit:
    """A text of a file that stands there once, and what takes its place."""

    path: str
    old: str
    new: str

    def apply(self, project: Path) -> int:
        """Edit the file in a project, and return the number of the first line that is new."""
        file = project / self.path
        text = file.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.path} holds {text.count(self.old)} x {self.old!r}"
        before, after = text.split(self.old)
        file.write_text(before + self.new + after, encoding="utf-8")
        return before.count("\n") + 1


@dataclass(frozen=True)
class Overlay:
    """The files of an app, its edits to what was baked, and the libraries that it has added."""

    name: str
    libraries: tuple[str, ...]
    edits: tuple[Edit, ...]

    def apply(self, project: Path) -> None:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(HERE / self.name, project, ignore=ignored, dirs_exist_ok=True)
        for edit in self.edits:
            edit.apply(project)


PRODUCT = Overlay(
    "product",
    libraries=(
        "aiofiles",
        "fakeredis",
        "freezegun",
        "jinja2",
        "prometheus-client",
        "redis",
        "respx",
        "sentry-sdk",
        "slowapi",
        "sse-starlette",
        "strawberry-graphql",
        "time-machine",
        "types-aiofiles",
    ),
    edits=(
        *(
            Edit("app/main.py", old, new)
            for old, new in (
                (
                    "from collections.abc import AsyncIterator\n"
                    "from contextlib import asynccontextmanager\n"
                    "from functools import cached_property\n"
                    "from importlib import import_module\n\nfrom fastapi",
                    "from functools import cached_property\n"
                    "from importlib import import_module\n\nimport sentry_sdk\nfrom fastapi",
                ),
                (
                    "from sqlalchemy.ext.asyncio import async_sessionmaker\n",
                    "from fastapi.staticfiles import StaticFiles\n"
                    "from starlette.middleware.cors import CORSMiddleware\n"
                    "from starlette.middleware.gzip import GZipMiddleware\n",
                ),
                (
                    "from app.database import create_engine\n",
                    "",
                ),
                (
                    "from app.logs import configure_logs\n",
                    """\
from app.graph import schema as graph
from app.lifespan import lifespan
from app.logs import configure_logs
""",
                ),
                (
                    "from app.migrated import migrations_of_this_version\n"
                    "from app.security import hashing_threads, verify_password\n",
                    """\
from app.observability import metrics
from app.observability.headers import SecurityHeaders
from app.pages import router as pages
from app.stats.limits import limiter
""",
                ),
                (
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

""",
                    """\
    # Without SENTRY_DSN in the environment it reports to nobody.
    sentry_sdk.init(release=(pages.HERE.parent / "VERSION").read_text(encoding="utf-8").strip())
""",
                ),
                (
                    "    app.add_middleware(SettingsAtStart, settings=settings)\n",
                    """\
    app.state.limiter = limiter
    app.state.metrics = metrics.Metrics()
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.com"])
    app.add_middleware(SecurityHeaders)
    app.add_middleware(metrics.MeasuredRequests, metrics=app.state.metrics)
    app.add_middleware(SettingsAtStart, settings=settings)
""",
                ),
                (
                    """\
    "app.auth.router",
)
""",
                    """\
    "app.auth.router",
    "app.admin.router",
    "app.todos.router",
    "app.comments.router",
    "app.files.router",
    "app.links.router",
    "app.chat.router",
    "app.jobs.router",
    "app.feed.router",
    "app.billing.router",
    "app.reports.router",
    "app.tickets.router",
    "app.stats.router",
    "app.pages.router",
    "app.observability.metrics",
)
""",
                ),
                (
                    "        app.include_router(import_module(name).router, "
                    "responses=problems(DatabaseUnavailable))\n",
                    """\
        app.include_router(import_module(name).router, responses=problems(DatabaseUnavailable))
    app.include_router(graph.router, prefix="/graphql", include_in_schema=False)
    app.mount("/static", StaticFiles(directory=pages.HERE / "static"), name="static")
""",
                ),
            )
        ),
        Edit(
            "app/config.py",
            "    email_to_log: bool = False\n",
            """\
    email_to_log: bool = False
    admin_email: str | None = None
    admin_password: Secret[str] | None = None
    redis_url: str = "redis://localhost:6379/0"
    uploads: Path = ROOT / "uploads"
    log_file: Path | None = None
    flags_file: Path = ROOT / "app/flags/flags.toml"
    mail_url: str = "http://localhost:8025/v1/messages"
    checkout_url: str = "http://localhost:8026/v1/checkouts"
    webhook_secret: Secret[str] = Secret("")
""",
        ),
        Edit(
            ".env.example",
            "ACCESS_TOKEN_MINUTES=15\n",
            """\
ACCESS_TOKEN_MINUTES=15

# The first administrator, who is created when the app starts.
# ADMIN_EMAIL=admin@example.com
# ADMIN_PASSWORD=

# Where things are kept.
REDIS_URL=redis://localhost:6379/0
# UPLOADS=uploads
# LOG_FILE=app.log
# FLAGS_FILE=app/flags/flags.toml

# Other services.
MAIL_URL=http://localhost:8025/v1/messages
CHECKOUT_URL=http://localhost:8026/v1/checkouts
WEBHOOK_SECRET=
""",
        ),
        Edit(
            "migrations/versions/0102_create_todos.py",
            'down_revision: str | None = "0001"',
            f'down_revision: str | None = "{HEAD}"',
        ),
        Edit(
            "tests/conftest.py",
            '    f"{PACKAGE}app_under_test",\n',
            '    f"{PACKAGE}app_under_test",\n    f"{PACKAGE}product_fixtures",\n',
        ),
    ),
)
