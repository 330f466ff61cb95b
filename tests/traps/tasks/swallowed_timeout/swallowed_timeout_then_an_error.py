"""A block goes on after its timeout expired, and fails of something else."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    try:
        async with asyncio.timeout(0.01):  # <-
            try:
                await asyncio.sleep(60)
            except BaseException:
                pass
            raise LookupError
    except LookupError:
        pass
