"""A service that no request calls reads a file."""

from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


async def load() -> str:
    return DATA.read_text()  # <-
