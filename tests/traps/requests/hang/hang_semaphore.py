"""A semaphore that nobody releases."""

import asyncio

from fastapi import APIRouter

router = APIRouter()

SEMAPHORE = asyncio.Semaphore(0)


@router.post("/trap")
async def trap() -> None:
    async with SEMAPHORE:  # <-
        pass
