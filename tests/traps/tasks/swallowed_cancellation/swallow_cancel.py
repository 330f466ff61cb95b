"""A task swallows its cancellation."""

import asyncio
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


async def work() -> None:
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


@router.post("/trap")
async def trap() -> None:
    KEPT.append(asyncio.create_task(work()))  # <-
