"""The result of a concurrent future is waited for."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(time.sleep, 0.02)
        try:
            future.result()  # <-
        finally:
            await asyncio.sleep(0.05)
