"""What the fixtures need to know about this app, and the users in its tests.

Another app has its own `migrate` and `running_app`. It may also say
- `base_url`, which is `http://test` if not: a host that it trusts, or a path such as `/v1`;
- `session_class`, which is SQLAlchemy's `AsyncSession` if not;
- `over_tcp = True`: its settings hold a host and a port, and can't hold the path of a socket;
- `real_commits = True`: each test has its own database.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.tokens import AccessClaims, create_token
from app.config import Settings
from app.mail import Email, get_sender
from app.main import app
from app.security import password_context
from app.users.models import User
from app.users.service import create_user

from .isolation import running

PASSWORD = "correct horse battery staple"
SECRET_KEY = "a secret key that only the tests know"


def migrate(database_url: str) -> None:
    """Build the schema in an empty database, as in production."""
    root = Path(__file__).parent.parent
    config = Config(root / "alembic.ini")
    config.attributes["database_url"] = database_url
    try:
        command.upgrade(config, "head")
    except (CommandError, UserWarning) as error:
        # Alembic does not name the files of revisions that do not fit together.
        named = set(re.findall(r"\w+", f"{error} {error.__cause__}"))
        for path in sorted(root.glob("migrations/versions/*.py")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                revisions = re.findall(r"['\"](\w+)['\"]", line)
                if re.match("(down_)?revision", line) and not named.isdisjoint(revisions):
                    error.add_note(f"{path.relative_to(root)}:{number}: {line}")
        raise


@asynccontextmanager
async def running_app(database_url: str) -> AsyncIterator[FastAPI]:
    """Start the app on a database, and stop it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", database_url)
        # Reads share the connection of a test, and see what it has written.
        environment.setenv("DATABASE_READ_URL", "")
        environment.setenv("SECRET_KEY", SECRET_KEY)
        # What a developer sets in .env is not what is tested.
        environment.setitem(Settings.model_config, "env_file", None)
        environment.setenv("EMAIL_TO_LOG", "false")
        # One app for all tests: FastAPI works out its routes at the first request, about 2 ms each.
        async with running(app):
            yield app


@pytest.fixture(scope="session", autouse=True)
def _cheap_password_hashes() -> None:
    password_context.update(argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)


@pytest.fixture
async def user(session: AsyncSession) -> User:
    user = await create_user(session, email="ada@example.com", password=PASSWORD)
    await session.commit()
    return user


@pytest.fixture
def token(user: User) -> dict[str, str]:
    """The header that authenticates `user`."""
    return bearer(user)


@pytest.fixture
def outbox(app: FastAPI) -> list[Email]:
    """The emails that the app sends in the test."""
    emails: list[Email] = []

    async def send(email: Email) -> None:
        emails.append(email)

    app.dependency_overrides[get_sender] = lambda: send
    return emails


def bearer(user: User, *, lifetime: timedelta = timedelta(minutes=5)) -> dict[str, str]:
    """A header that authenticates a user without a login."""
    claims = AccessClaims(sub=user.id, ver=user.token_version)
    token = create_token(claims, settings=_settings(), lifetime=lifetime)
    return {"Authorization": f"Bearer {token}"}


@cache
def _settings() -> Settings:
    return Settings(database_url="postgresql://localhost", secret_key=SECRET_KEY)
