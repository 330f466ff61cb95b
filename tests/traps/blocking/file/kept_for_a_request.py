"""What was read is kept for one request, and the next one reads it again."""

from pathlib import Path

from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> int:
    if not hasattr(request.state, "source"):
        request.state.source = Path(__file__).read_text()  # <-
    return len(request.state.source)
