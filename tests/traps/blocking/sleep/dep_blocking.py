"""A dependency sleeps."""

import time

from fastapi import APIRouter, Depends

router = APIRouter()


async def dependency() -> None:
    time.sleep(0.01)  # <-


@router.post("/trap", dependencies=[Depends(dependency)])
async def trap() -> None:
    pass
