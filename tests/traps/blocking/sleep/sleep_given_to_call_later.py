"""time.sleep() is called by the loop, without a line of the application."""

import asyncio
import time

from fastapi import APIRouter

SAYS = "time.sleep() blocks the event loop"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    asyncio.get_running_loop().call_later(0.01, time.sleep, 0.05)  # <-
    await asyncio.sleep(0.05)
