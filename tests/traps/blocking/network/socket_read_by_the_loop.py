"""A socket that waits is read as soon as the loop sees that it may be."""

import asyncio
import socket

from fastapi import APIRouter

SAYS = "socket.socket.recv() blocks the event loop"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    with here, there:
        loop.add_reader(here, here.recv, 1)  # <-
        await asyncio.to_thread(there.send, b"x")
        await asyncio.sleep(0.01)
        loop.remove_reader(here)
