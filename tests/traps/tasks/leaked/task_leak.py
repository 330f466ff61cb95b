"""A task goes on after the test."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    asyncio.create_task(asyncio.sleep(60))  # <-
