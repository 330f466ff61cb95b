"""Each request has a cache of its own, which begins a task at its first use."""

from fastapi import APIRouter

from trap_library import Cache

router = APIRouter()


@router.post("/trap")
async def trap() -> str:
    return await Cache().get("ada")  # <-
