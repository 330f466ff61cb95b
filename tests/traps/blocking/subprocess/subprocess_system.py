"""A shell command is run by os.system()."""

import os

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    os.system("true")  # <-
