"""The event loop is used from another thread."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    loop = asyncio.get_running_loop()

    def tell() -> None:
        try:
            loop.call_soon(print)  # <-
        except RuntimeError:
            pass

    await asyncio.to_thread(tell)
