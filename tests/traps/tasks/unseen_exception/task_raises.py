"""A task raises, and nobody keeps it."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


async def work() -> None:
    raise ValueError("lost")  # <-


@router.post("/trap")
async def trap() -> None:
    asyncio.create_task(work())
