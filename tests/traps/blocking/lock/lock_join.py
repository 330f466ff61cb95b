"""A thread is joined."""

import asyncio
import threading
import time

from fastapi import APIRouter

SAYS = "threading.Thread.join() blocks the event loop"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    thread = threading.Thread(target=time.sleep, args=[0.05])
    thread.start()
    try:
        thread.join()  # <-
    finally:
        await asyncio.sleep(0.06)
