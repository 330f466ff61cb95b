"""A subprocess ends, and nobody asks how."""

import subprocess
from typing import Any

import anyio
from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


@router.post("/trap")
async def trap() -> None:
    KEPT.append(await anyio.to_thread.run_sync(subprocess.Popen, ["true"]))  # <-
