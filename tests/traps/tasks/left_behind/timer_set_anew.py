"""A timer sets itself anew, and nobody can cancel it."""

import asyncio
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


def poll() -> None:
    loop = asyncio.get_running_loop()
    loop.call_at(loop.time() + 60 * len(KEPT), poll)  # <-
    KEPT.append(loop)


@router.post("/trap")
async def trap() -> None:
    asyncio.get_running_loop().call_soon(poll)
    await asyncio.sleep(0.05)
