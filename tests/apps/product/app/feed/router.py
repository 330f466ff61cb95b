from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Query, Request
from redis.asyncio import Redis
from sse_starlette import EventSourceResponse, ServerSentEvent

from app.auth.dependencies import CurrentUser
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.outbox.service import CHANNEL

router = APIRouter(
    prefix="/feed", tags=["feed"], responses=problems(NotAuthenticated, AccountDisabled)
)


@router.get("", response_class=EventSourceResponse)
async def feed(
    _: CurrentUser, request: Request, limit: Annotated[int | None, Query(gt=0)] = None
) -> EventSourceResponse:
    """Server-sent events: what happens, as it happens."""
    return EventSourceResponse(happenings(request.app.state.redis, limit))


async def happenings(redis: Redis, limit: int | None) -> AsyncIterator[ServerSentEvent]:
    count = 0
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        async with aclosing(pubsub.listen()) as messages:
            async for message in messages:
                if message["type"] != "message":
                    continue
                count += 1
                yield ServerSentEvent(message["data"], event="happened", id=str(count))
                if count == limit:
                    return
