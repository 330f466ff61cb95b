"""Figures in redis, and limits."""

import httpx
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from app.stats.service import KEY
from app.todos.models import Todo
from tests.factories import UserFactory


async def test_the_figures_are_there_when_the_app_has_started(
    client: httpx.AsyncClient, redis: Redis
) -> None:
    assert await redis.exists(KEY)

    response = await client.get("/stats")

    assert response.status_code == 200
    assert response.json() == {"users": 1, "lists": 0, "todos": 0}


async def test_the_figures_are_counted_anew_when_they_are_too_old(
    client: httpx.AsyncClient, redis: Redis, todo: Todo
) -> None:
    await redis.delete(KEY)

    first = await client.get("/stats")
    second = await client.get("/stats")

    assert first.json() == second.json() == {"users": 2, "lists": 1, "todos": 1}
    assert 0 < await redis.ttl(KEY) <= 60


async def test_the_figures_may_be_a_minute_old(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    await UserFactory.add(session)

    response = await client.get("/stats")

    assert response.json()["users"] == 1


async def test_a_user_may_refresh_the_figures_twice_a_minute(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    responses = [await client.post("/stats/refresh", headers=token) for _ in range(3)]

    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[2].json()["type"] == "/problems/too-many-requests"


async def test_feedback_is_taken_three_times_a_minute(
    client: httpx.AsyncClient, redis: Redis
) -> None:
    responses = [await client.post("/feedback", json={"text": str(n)}) for n in range(4)]

    assert [response.status_code for response in responses] == [202, 202, 202, 429]
    assert responses[3].json() == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "3 per 1 minute",
    }
    assert await redis.lrange("feedback", 0, -1) == ["0", "1", "2"]
