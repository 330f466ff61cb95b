"""The lines of an open file are iterated."""

import asyncio
from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    file = await asyncio.to_thread(open, DATA)
    list(file)  # <-
    await asyncio.to_thread(file.close)
