"""A queue of threads is waited for."""

import queue
import threading

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    threading.Timer(0.05, waiting.put, [1]).start()
    waiting.get()  # <-
