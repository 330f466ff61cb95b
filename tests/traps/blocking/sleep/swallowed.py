"""The blocking call is where every exception is swallowed."""

import time

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    try:
        time.sleep(0.01)  # <-
    except Exception:
        pass
