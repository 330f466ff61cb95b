"""An endpoint of the test calls what reads a file."""

from pathlib import Path

DATA = Path(__file__)


def load() -> str:
    return DATA.read_text()  # <-
