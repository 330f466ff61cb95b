"""A directory is listed."""

import os

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    os.listdir(".")  # <-
