"""A task raises, is kept and never awaited."""

import asyncio
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


async def work() -> None:
    raise ValueError("lost")  # <-


@router.post("/trap")
async def trap() -> None:
    KEPT.append(asyncio.create_task(work()))
