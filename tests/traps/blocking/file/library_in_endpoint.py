"""A library reads a file that the app has named."""

from fastapi import APIRouter

import trap_library

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    trap_library.read("pyproject.toml")  # <-
