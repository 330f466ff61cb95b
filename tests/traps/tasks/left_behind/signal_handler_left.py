"""The handler of a signal is set and never put back."""

import signal

from fastapi import APIRouter

SAYS = "the handler of SIGUSR1 was still installed when the test was over"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    signal.signal(signal.SIGUSR1, lambda *_: None)  # <-
