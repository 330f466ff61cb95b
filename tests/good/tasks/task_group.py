"""Tasks in task groups."""

import asyncio

import anyio
from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(asyncio.sleep(0.01))
    async with anyio.create_task_group() as other:
        other.start_soon(asyncio.sleep, 0.01)
