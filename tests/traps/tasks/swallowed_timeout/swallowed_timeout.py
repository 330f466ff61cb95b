"""A broad except swallows the cancellation of a timeout."""

import asyncio
import logging

from fastapi import APIRouter

SAYS = "a timeout expired without a TimeoutError: its cancellation was swallowed"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    async with asyncio.timeout(0.01):  # <-
        try:
            await asyncio.sleep(60)
        except BaseException:
            logging.getLogger("trap").warning("failed")
