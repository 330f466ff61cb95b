"""A library loads its words when it is first asked for them, and keeps them."""

from fastapi import APIRouter

from trap_library import Words

router = APIRouter()
WORDS = Words()


@router.post("/trap")
async def trap() -> int:
    return WORDS.count()
