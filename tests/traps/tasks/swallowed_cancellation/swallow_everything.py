"""A task swallows its cancellation by a bare except."""

import asyncio
from typing import Any

from fastapi import APIRouter

SAYS = "task work() was still running when the test was over, and swallowed its cancellation"

router = APIRouter()
KEPT: list[Any] = []


async def work() -> None:
    while True:
        try:
            await asyncio.sleep(60)
        except:
            pass


@router.post("/trap")
async def trap() -> None:
    KEPT.append(asyncio.create_task(work()))  # <-
    await asyncio.sleep(0)
