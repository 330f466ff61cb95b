"""Work is done in another process, and awaited."""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> int:
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, abs, -2)
    finally:
        await asyncio.to_thread(pool.shutdown)
