"""A thread of an object that can be called is never joined."""

import threading
import time

from fastapi import APIRouter

SAYS = "thread Poller.__call__() was still running when the test was over"

router = APIRouter()


class Poller:
    def __call__(self) -> None:
        time.sleep(3)


@router.post("/trap")
async def trap() -> None:
    threading.Thread(target=Poller()).start()  # <-
