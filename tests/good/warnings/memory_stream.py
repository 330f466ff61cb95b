"""A stream in memory is closed at both ends, and read by a task."""

import anyio
from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> list[int]:
    read: list[int] = []
    send, receive = anyio.create_memory_object_stream[int](1)

    async def consume() -> None:
        async with receive:
            read.extend([number async for number in receive])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume)
        async with send:
            await send.send(1)
    return read
