"""A program is run by asyncio, which starts it in the thread of the loop."""

import asyncio
from asyncio.subprocess import PIPE

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> str:
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    output, _ = await process.communicate(b"text")
    return output.decode()
