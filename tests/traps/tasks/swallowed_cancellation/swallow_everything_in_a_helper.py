"""A helper of the task swallows its cancellation."""

import asyncio
import logging

from fastapi import APIRouter

router = APIRouter()


async def work() -> None:
    while True:
        try:
            await asyncio.sleep(60)
        except BaseException:
            logging.getLogger("work").warning("again")


async def run() -> None:
    await work()


@router.post("/trap")
async def trap() -> None:
    asyncio.create_task(run())  # <-
    await asyncio.sleep(0)
