"""A TOML file is read at each request."""

import tomllib
from pathlib import Path

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    tomllib.loads(Path("pyproject.toml").read_text())  # <-
