"""A file is copied."""

import shutil
from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    shutil.copy(DATA, DATA.with_suffix(".bak"))  # <-
