"""A file is read by pathlib."""

from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    DATA.read_text()  # <-
