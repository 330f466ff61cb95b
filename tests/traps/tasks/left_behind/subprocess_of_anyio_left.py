"""A subprocess of anyio is started, and nobody waits for it."""

from typing import Any

import anyio
from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


@router.post("/trap")
async def trap() -> None:
    KEPT.append(await anyio.open_process(["sleep", "60"]))  # <-
