"""A cache that a module has made begins a task of its own at its first use."""

from fastapi import APIRouter

from trap_library import Cache

TEST = "twice"

router = APIRouter()
cache = Cache()


@router.post("/trap")
async def trap() -> str:
    return await cache.get("ada")
