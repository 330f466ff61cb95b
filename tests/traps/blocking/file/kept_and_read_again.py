"""What was read is kept, and nobody looks whether it is there."""

from pathlib import Path

from fastapi import APIRouter

router = APIRouter()
LATEST: dict[str, str] = {}


@router.post("/trap")
async def trap() -> int:
    if len(LATEST) > 100:
        LATEST.clear()
    text = Path(__file__).read_text()  # <-
    LATEST["source"] = text
    return len(text)
