"""A task that is awaited swallows the cancellation of a timeout."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


async def poll() -> list[int]:
    try:
        await asyncio.sleep(60)
    except:
        return []
    return [1]


@router.post("/trap")
async def trap() -> list[int]:
    async with asyncio.timeout(0.01):  # <-
        return await asyncio.create_task(poll())
