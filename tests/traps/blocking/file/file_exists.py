"""A path is looked at by os.path."""

import os
from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    os.path.exists(DATA)  # <-
