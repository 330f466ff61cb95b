"""A function of a library is called by the loop, and copies a file there."""

import asyncio
import functools
import shutil
import tempfile
from pathlib import Path

from fastapi import APIRouter

SAYS = "shutil.copy() blocks the event loop"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    copy = functools.partial(shutil.copy, Path(__file__), tempfile.gettempdir())
    asyncio.get_running_loop().call_soon(copy)  # <-
    await asyncio.sleep(0.01)
