"""An endpoint sleeps for longer than a callback may wait: it is told once."""

import time

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    time.sleep(0.3)  # <-
