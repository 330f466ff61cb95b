"""What wait_for() waits for swallows its cancellation."""

import asyncio
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


async def poll() -> None:
    for _ in range(2):
        try:
            await asyncio.sleep(60 if not KEPT else 0)
        except asyncio.CancelledError as error:
            KEPT.append(error)


@router.post("/trap")
async def trap() -> None:
    await asyncio.wait_for(poll(), 0.01)  # <-
