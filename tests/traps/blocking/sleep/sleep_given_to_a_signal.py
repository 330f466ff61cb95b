"""time.sleep() is called by the loop when a signal comes."""

import asyncio
import os
import signal
import time

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, time.sleep, 0.05)  # <-
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.05)
    loop.remove_signal_handler(signal.SIGUSR1)
