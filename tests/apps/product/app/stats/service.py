"""Figures for the front page, kept in redis for a minute."""

import json

from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.todos.models import Todo, TodoList
from app.users.models import User

KEY = "stats"
SECONDS = 60


async def count(session: AsyncSession) -> dict[str, int]:
    query = select(
        select(func.count()).select_from(User).scalar_subquery(),
        select(func.count()).select_from(TodoList).scalar_subquery(),
        select(func.count()).select_from(Todo).scalar_subquery(),
    )
    users, lists, todos = (await session.execute(query)).one()
    return {"users": users, "lists": lists, "todos": todos}


async def warm(session: AsyncSession, redis: Redis) -> dict[str, int]:
    """Count anew, and keep it."""
    figures = await count(session)
    await redis.set(KEY, json.dumps(figures), ex=SECONDS)
    return figures


async def cached(session: AsyncSession, redis: Redis) -> dict[str, int]:
    """Return the figures, which may be a minute old."""
    kept = await redis.get(KEY)
    if kept is None:
        return await warm(session, redis)
    figures: dict[str, int] = json.loads(kept)
    return figures
