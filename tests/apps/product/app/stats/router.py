from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from redis.asyncio import Redis

from app.auth.dependencies import CurrentUser
from app.database import SessionDep
from app.stats import service
from app.stats.limits import limiter, throttled

router = APIRouter(tags=["stats"])


def get_redis(request: Request) -> Redis:
    redis: Redis = request.app.state.redis
    return redis


RedisDep = Annotated[Redis, Depends(get_redis)]


@router.get("/stats")
async def stats(session: SessionDep, redis: RedisDep) -> dict[str, int]:
    return await service.cached(session, redis)


@router.post("/stats/refresh")
async def refresh(user: CurrentUser, session: SessionDep, redis: RedisDep) -> dict[str, int]:
    await throttled(redis, f"refresh:{user.id}", limit=2, seconds=60)
    return await service.warm(session, redis)


class Feedback(BaseModel):
    text: str


@router.post("/feedback", status_code=202)
@limiter.limit("3/minute")
async def feedback(request: Request, said: Feedback, redis: RedisDep) -> None:
    await redis.rpush("feedback", said.text)
