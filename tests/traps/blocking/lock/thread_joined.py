"""The end of a thread is waited for."""

import threading
import time

from fastapi import APIRouter

SAYS = "threading.Thread.join() blocks the event loop"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    thread = threading.Thread(target=time.sleep, args=(0.2,))
    thread.start()
    thread.join()  # <-
