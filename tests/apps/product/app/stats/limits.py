"""Limits of how often something may be asked for: in this process, and in redis."""

from http import HTTPStatus

from redis.asyncio import Redis
from slowapi import Limiter
from slowapi.util import get_remote_address

from app.errors import DomainError

limiter = Limiter(key_func=get_remote_address, strategy="moving-window")


class TooManyRequests(DomainError):
    status = HTTPStatus.TOO_MANY_REQUESTS
    detail = "Not so often."


async def throttled(redis: Redis, key: str, *, limit: int, seconds: int) -> None:
    """Count one use of a key.

    Raises:
        TooManyRequests: It was used too often in the last seconds.
    """
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.incr(f"limit:{key}")
        pipeline.expire(f"limit:{key}", seconds, nx=True)
        count, _ = await pipeline.execute()
    if count > limit:
        raise TooManyRequests
