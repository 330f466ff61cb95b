"""A client of a library is started and never closed."""

from typing import Any

from fastapi import APIRouter

import trap_library

router = APIRouter()
KEPT: list[Any] = []


@router.post("/trap")
async def trap() -> None:
    KEPT.append(trap_library.Client())
    await KEPT[-1].start()  # <-
