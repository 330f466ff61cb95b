"""A library keeps a task of its own."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from sse_starlette import EventSourceResponse

TEST = "twice"

router = APIRouter()


async def numbers() -> AsyncIterator[str]:
    for number in range(3):
        yield str(number)
        await asyncio.sleep(0)


@router.post("/trap")
async def trap() -> EventSourceResponse:
    return EventSourceResponse(numbers())
