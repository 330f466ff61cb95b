"""A task that is kept goes on after the test."""

import asyncio
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


@router.post("/trap")
async def trap() -> None:
    KEPT.append(asyncio.create_task(asyncio.sleep(60)))  # <-
