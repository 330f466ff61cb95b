"""An open file is read."""

import asyncio
from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    file = await asyncio.to_thread(open, DATA, "rb", 0)
    file.read(10)  # <-
    await asyncio.to_thread(file.close)
