"""The loop calls Thread.join(), without a line of the application."""

import asyncio
import threading
import time

from fastapi import APIRouter

SAYS = "threading.Thread.join() blocks the event loop"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    thread = threading.Thread(target=time.sleep, args=(0.2,))
    thread.start()
    asyncio.get_running_loop().call_soon(thread.join)  # <-
    await asyncio.to_thread(thread.join)
