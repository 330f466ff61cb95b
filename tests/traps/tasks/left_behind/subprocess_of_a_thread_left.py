"""A subprocess is started in a thread, and nobody waits for it."""

import asyncio
import subprocess
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


@router.post("/trap")
async def trap() -> None:
    KEPT.append(await asyncio.to_thread(subprocess.Popen, ["sleep", "60"]))  # <-
