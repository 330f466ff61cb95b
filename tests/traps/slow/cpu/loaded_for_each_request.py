"""Each request has a library load its words anew."""

from fastapi import APIRouter

from trap_library import Words

router = APIRouter()


@router.post("/trap")
async def trap() -> int:
    return Words().count()  # <-
