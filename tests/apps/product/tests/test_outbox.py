"""The outbox, and the feed that it fills."""

import asyncio
import json

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.outbox.models import OutboxEvent
from app.outbox.service import CHANNEL, announce, relay
from app.todos.models import TodoList


async def subscribed(redis: Redis) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(5):
        while not (await redis.pubsub_numsub(CHANNEL))[0][1]:
            pass


@pytest.mark.real_commits
async def test_each_event_is_sent_once(app: FastAPI, session: AsyncSession, redis: Redis) -> None:
    for number in range(45):
        await announce(session, "counted", {"number": number})
    await session.commit()

    sent = await asyncio.gather(*(relay(app.state.sessionmaker, redis) for _ in range(2)))

    assert sum(sent) == 45
    unsent = select(func.count()).select_from(OutboxEvent).where(OutboxEvent.sent_at.is_(None))
    assert await session.scalar(unsent) == 0


async def test_an_event_of_a_transaction_that_fails_is_not_stored(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    response = await client.post(
        f"/lists/{todo_list.id + 1}/todos", json={"title": "Milk"}, headers=token
    )

    assert response.status_code == 404
    assert await session.scalar(select(func.count()).select_from(OutboxEvent)) == 0


@pytest.mark.real_commits
async def test_the_feed_tells_of_a_new_todo(
    app: FastAPI,
    client: httpx.AsyncClient,
    redis: Redis,
    todo_list: TodoList,
    token: dict[str, str],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        feed = tasks.create_task(client.get("/feed", params={"limit": 2}, headers=token))
        await subscribed(redis)
        for title in ("Milk", "Oats"):
            added = await client.post(
                f"/lists/{todo_list.id}/todos", json={"title": title}, headers=token
            )
            assert added.status_code == 201
        app.state.worker.wake()

    assert feed.result().status_code == 200
    lines = [x for x in feed.result().text.splitlines() if x.startswith("data: ")]
    told = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert [event["payload"]["title"] for event in told] == ["Milk", "Oats"]
