"""An endpoint of the test calls what reads a file."""

from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
DATA = Path(__file__)


def load() -> str:
    return DATA.read_text()  # <-
