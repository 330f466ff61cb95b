"""An event that nobody sets."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    await asyncio.Event().wait()  # <-
