"""A thread pool is left, which waits for its work."""

import time
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter

SAYS = "concurrent.futures.Executor.__exit__() blocks the event loop in"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    with ThreadPoolExecutor(1) as pool:  # <-
        pool.submit(time.sleep, 0.05)
