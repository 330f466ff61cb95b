"""A subprocess is started and forgotten."""

import asyncio

from fastapi import APIRouter

SAYS = "process 'sleep' had not been waited for when the test was over"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    await asyncio.create_subprocess_exec("sleep", "60")  # <-
