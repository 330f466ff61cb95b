"""What blocks is run in threads."""

import asyncio
import socket
import time
from pathlib import Path

import anyio
from fastapi import APIRouter

from app.security import password_context

router = APIRouter()
DATA = Path(__file__)


def cpu(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


@router.post("/trap")
async def trap() -> None:
    await asyncio.to_thread(time.sleep, 0.02)
    await anyio.to_thread.run_sync(DATA.read_text)
    await asyncio.to_thread(password_context.hash, "x")
    await asyncio.to_thread(socket.getaddrinfo, "localhost", 80)
    await asyncio.to_thread(cpu, 0.1)
