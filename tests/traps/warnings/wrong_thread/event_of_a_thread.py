"""A thread sets an event of asyncio, and what waits for it never goes on."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter

# Whoever waits can't even be cancelled.
ALSO = ("requests.hang",)

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(event.wait())
    await asyncio.sleep(0)

    def finish() -> None:
        event.set()  # <-

    with suppress(RuntimeError):
        await asyncio.to_thread(finish)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
