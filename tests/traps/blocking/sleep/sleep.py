"""time.sleep() in an endpoint."""

import time

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    time.sleep(0.06)  # <-
