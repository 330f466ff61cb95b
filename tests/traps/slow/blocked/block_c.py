"""A C library waits without using the CPU."""

import ctypes

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    ctypes.CDLL(None).usleep(150_000)  # <-
