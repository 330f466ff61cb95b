"""A host name is looked up by gethostbyname()."""

import socket

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    socket.gethostbyname("localhost")  # <-
