"""What a library does when its context is left takes too much CPU time."""

from fastapi import APIRouter

from trap_library import Batch

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    async with Batch():  # <-
        pass
