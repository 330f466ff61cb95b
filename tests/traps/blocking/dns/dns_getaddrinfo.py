"""A host name is looked up."""

import socket

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    socket.getaddrinfo("localhost", 80)  # <-
