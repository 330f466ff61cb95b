"""CPU work in a process pool."""

import asyncio

from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> int:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(request.app.state.pool, sum, range(1_000_000))
