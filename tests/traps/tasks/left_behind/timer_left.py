"""A timer of the loop is never cancelled."""

import asyncio
from typing import Any

from fastapi import APIRouter

SAYS = "timer expire() was still scheduled when the test was over"

router = APIRouter()
KEPT: list[Any] = []


def expire(key: str) -> None:
    KEPT.remove(key)


@router.post("/trap")
async def trap() -> None:
    KEPT.append("key")
    asyncio.get_running_loop().call_later(300, expire, "key")  # <-
