"""A file is opened."""

from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    open(DATA).close()  # <-
