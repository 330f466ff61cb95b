"""A process that is awaited."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
