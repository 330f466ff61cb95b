"""A loop of Python that takes too much CPU time."""

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    sum(n * n for n in range(3_000_000))  # <-
