"""A handler is added to the loop and never removed."""

import asyncio
import signal

from fastapi import APIRouter

SAYS = "the handler of SIGTERM was still installed when the test was over"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)  # <-
