"""A thread is started and never joined."""

import threading
import time

from fastapi import APIRouter

SAYS = "thread poll() was still running when the test was over"

router = APIRouter()


def poll() -> None:
    time.sleep(3)


@router.post("/trap")
async def trap() -> None:
    threading.Thread(target=poll).start()  # <-
