"""A sleep of only 5 ms."""

import time

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    time.sleep(0.005)  # <-
