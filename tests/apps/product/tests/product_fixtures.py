"""What the tests of the product share: its settings, a redis that is none, rows and tokens."""

from collections.abc import Iterator

import httpx
import pytest
import respx
from fakeredis import FakeAsyncRedis, FakeServer
from fastapi import FastAPI
from redis import asyncio as redis_library
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from app.stats.limits import limiter
from app.todos.models import Todo, TodoList
from app.users.models import User
from tests.product_factories import TodoFactory, TodoListFactory

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "a password for the first admin"
WEBHOOK_SECRET = "a secret that the payment provider knows"
MAIL_URL = "https://mail.example.com/v1/messages"
CHECKOUT_URL = "https://pay.example.com/v1/checkouts"


@pytest.fixture(scope="session", autouse=True)
def _settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("UPLOADS", str(tmp_path_factory.mktemp("uploads")))
        environment.setenv("LOG_FILE", str(tmp_path_factory.mktemp("logs") / "app.log"))
        environment.setenv("ADMIN_EMAIL", ADMIN_EMAIL)
        environment.setenv("ADMIN_PASSWORD", ADMIN_PASSWORD)
        environment.setenv("WEBHOOK_SECRET", WEBHOOK_SECRET)
        environment.setenv("MAIL_URL", MAIL_URL)
        environment.setenv("CHECKOUT_URL", CHECKOUT_URL)
        yield


@pytest.fixture(autouse=True)
def _redis_server(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeServer()

    def from_url(_: str, *, decode_responses: bool) -> FakeAsyncRedis:
        return FakeAsyncRedis(server=server, decode_responses=decode_responses)

    monkeypatch.setattr(redis_library, "from_url", from_url)


@pytest.fixture(autouse=True)
def _no_limit_reached() -> None:
    limiter.reset()


@pytest.fixture
def redis(app: FastAPI) -> Redis:
    """The redis that the app uses."""
    redis: Redis = app.state.redis
    return redis


@pytest.fixture
def internet() -> Iterator[respx.MockRouter]:
    """Answers in place of other services; a request that no test expects fails."""
    with respx.mock as router:
        yield router


@pytest.fixture
def mail_provider(internet: respx.MockRouter) -> respx.Route:
    return internet.post(MAIL_URL).mock(return_value=httpx.Response(202))


@pytest.fixture
def payment_provider(internet: respx.MockRouter) -> respx.Route:
    return internet.post(CHECKOUT_URL).mock(
        return_value=httpx.Response(201, json={"url": "https://pay.example.com/c/1"})
    )


@pytest.fixture
async def todo_list(session: AsyncSession, user: User) -> TodoList:
    """A list of `user`."""
    return await TodoListFactory.add(session, owner=user, title="Groceries", slug="groceries")


@pytest.fixture
async def todo(session: AsyncSession, todo_list: TodoList) -> Todo:
    """A todo of `user`."""
    return await TodoFactory.add(session, todo_list=todo_list, title="Milk")
