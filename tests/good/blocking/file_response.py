"""A file is sent by FileResponse."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

TEST = "stream"

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> FileResponse:
    return FileResponse(DATA)
