"""asyncio.run() in an endpoint."""

import asyncio

from fastapi import APIRouter

router = APIRouter()


async def work() -> None: ...


@router.post("/trap")
async def trap() -> None:
    work_ = work()
    try:
        asyncio.run(work_)  # <-
    finally:
        work_.close()
