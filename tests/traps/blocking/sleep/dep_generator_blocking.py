"""A dependency sleeps after its yield."""

import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends

router = APIRouter()


async def dependency() -> AsyncIterator[None]:
    yield
    time.sleep(0.01)  # <-


@router.post("/trap", dependencies=[Depends(dependency)])
async def trap() -> None:
    pass
