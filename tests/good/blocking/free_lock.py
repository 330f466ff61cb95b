"""A lock that is free."""

import threading
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []

LOCK = threading.Lock()


@router.post("/trap")
async def trap() -> None:
    with LOCK:
        KEPT.append(1)
