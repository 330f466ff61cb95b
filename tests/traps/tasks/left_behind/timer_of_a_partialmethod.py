"""A timer of a method that is a partial one is never cancelled."""

import asyncio
from functools import partialmethod

from fastapi import APIRouter

SAYS = "timer Sender.send() was still scheduled when the test was over"

router = APIRouter()


class Sender:
    def send(self, text: str) -> None:
        print(text)

    remind = partialmethod(send, "Remember!")


@router.post("/trap")
async def trap() -> None:
    asyncio.get_running_loop().call_later(300, Sender().remind)  # <-
