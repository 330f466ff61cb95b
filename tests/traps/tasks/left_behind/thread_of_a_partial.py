"""A thread of a partial function is never joined."""

import threading
import time
from functools import partial

from fastapi import APIRouter

SAYS = "thread Poller.poll() was still running when the test was over"

router = APIRouter()


class Poller:
    def poll(self, seconds: float) -> None:
        time.sleep(seconds)


@router.post("/trap")
async def trap() -> None:
    threading.Thread(target=partial(Poller().poll, 3)).start()  # <-
