"""A service that no request calls reads a file."""

from pathlib import Path

DATA = Path(__file__)


async def load() -> str:
    return DATA.read_text()  # <-
