"""StaticFiles looks at its directory at each request."""

from fastapi import APIRouter
from fastapi.staticfiles import StaticFiles

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    StaticFiles(directory="app")  # <-
