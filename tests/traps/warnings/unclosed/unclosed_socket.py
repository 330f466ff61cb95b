"""A socket is not closed."""

import socket

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    kept = socket.socket()  # <-
    kept.setblocking(False)
