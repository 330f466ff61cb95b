"""A directory is searched by a pattern."""

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    import glob

    glob.glob("*.toml")  # <-
