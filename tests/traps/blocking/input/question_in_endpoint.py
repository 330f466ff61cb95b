"""An endpoint asks a question at the terminal."""

import contextlib

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    with contextlib.suppress(EOFError, OSError):
        input("Go on?")  # <-
