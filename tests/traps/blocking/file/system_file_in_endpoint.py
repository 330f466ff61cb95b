"""A file of the system is looked at."""

from pathlib import Path

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    Path("/etc/hostname").exists()  # <-
