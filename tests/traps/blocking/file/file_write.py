"""An open file is written."""

import asyncio
import tempfile

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    file = await asyncio.to_thread(tempfile.TemporaryFile, "wb", 0)
    file.write(b"text")  # <-
    await asyncio.to_thread(file.close)
