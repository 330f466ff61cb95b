"""A session is opened and kept."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import text

CLIENTS = ("client", "concurrent_client")

router = APIRouter()
KEPT: list[Any] = []


@router.post("/trap")
async def trap(request: Request) -> None:
    other = request.app.state.sessionmaker()  # <-
    KEPT.append(other)
    await other.execute(text("SELECT 1"))
