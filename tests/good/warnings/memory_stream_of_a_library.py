"""A library never closes its streams in memory, and nobody else can."""

from fastapi import APIRouter

import trap_library

router = APIRouter()


@router.post("/trap")
async def trap() -> int:
    return trap_library.exchange()
