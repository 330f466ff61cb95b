"""A lock of threads that another thread holds."""

import threading

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(0.05, lock.release).start()
    with lock:  # <-
        pass
