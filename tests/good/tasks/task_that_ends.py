"""A task that ends before the test does."""

import asyncio
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


async def work() -> None:
    await asyncio.sleep(0.01)


@router.post("/trap")
async def trap() -> None:
    KEPT.append(asyncio.create_task(work()))
