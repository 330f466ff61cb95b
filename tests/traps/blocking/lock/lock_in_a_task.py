"""A task that the application starts waits for a thread."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter

router = APIRouter()


def work() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 0.1).result()  # <-


async def in_background() -> None:
    work()


@router.post("/trap")
async def trap() -> None:
    await asyncio.gather(asyncio.create_task(in_background()), return_exceptions=True)
