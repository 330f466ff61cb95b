"""A subprocess is started, and nobody waits for it."""

import asyncio
import subprocess
from typing import Any

from fastapi import APIRouter

SAYS = "process 'sleep' had not been waited for when the test was over"

router = APIRouter()
KEPT: list[Any] = []


@router.post("/trap")
async def trap() -> None:
    process = await asyncio.create_subprocess_exec(  # <-
        "sleep", "60", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    KEPT.append(process)
