"""A stream is not closed."""

import asyncio

from fastapi import APIRouter

SAYS = "unclosed <StreamWriter"
TEST = "with_server"

router = APIRouter()


@router.post("/trap")
async def trap(url: str) -> None:
    address = url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(*address)  # <-
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
