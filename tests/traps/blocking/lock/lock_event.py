"""An event of threads is waited for."""

import threading

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    event = threading.Event()
    threading.Timer(0.05, event.set).start()
    event.wait()  # <-
