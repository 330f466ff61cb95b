"""A tree of directories is walked."""

import os

from fastapi import APIRouter

SAYS = "os.walk() blocks the event loop in os.scandir()"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    list(os.walk("app"))  # <-
