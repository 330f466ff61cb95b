"""A file is not closed."""

import asyncio
from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    def leave_open() -> None:
        open(DATA)  # <-

    await asyncio.to_thread(leave_open)
