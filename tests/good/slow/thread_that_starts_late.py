"""On a busy machine, a thread takes a while to start."""

import asyncio
import time
from threading import Thread

from fastapi import APIRouter

router = APIRouter()


class Late(Thread):
    def _bootstrap(self) -> None:
        time.sleep(0.3)
        super()._bootstrap()  # type: ignore[misc]


@router.post("/trap")
async def trap() -> None:
    thread = Late(target=print)
    thread.start()
    await asyncio.to_thread(thread.join)
