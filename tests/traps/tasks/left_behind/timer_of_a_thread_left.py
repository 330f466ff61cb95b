"""A timer that runs in a thread is never cancelled."""

import threading

from fastapi import APIRouter

SAYS = "timer print() was still running when the test was over"

router = APIRouter()


@router.post("/trap")
def trap() -> None:
    threading.Timer(60, print).start()  # <-
