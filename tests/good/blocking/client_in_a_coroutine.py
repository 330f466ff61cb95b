"""A client without async waits in a test for the application, which it serves on its own loop."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    await asyncio.sleep(0.1)
