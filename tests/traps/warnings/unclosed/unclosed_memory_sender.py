"""A stream in memory is not closed at the end where it is written."""

import anyio
from fastapi import APIRouter

SAYS = "Unclosed <MemoryObjectSendStream"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    send, receive = anyio.create_memory_object_stream[int](1)  # <-
    async with receive:
        await send.send(1)
        await receive.receive()
