"""A wait that does not block."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    await asyncio.sleep(0.3)
