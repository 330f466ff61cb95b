"""A stream in memory is not closed at the end where it is read."""

import anyio
from fastapi import APIRouter

SAYS = "Unclosed <MemoryObjectReceiveStream"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    send, receive = anyio.create_memory_object_stream[int](1)  # <-
    async with send:
        await send.send(1)
    receive.receive_nowait()
