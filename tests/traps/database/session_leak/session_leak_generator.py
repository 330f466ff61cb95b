"""A dependency is called by hand, and kept."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import text

from app.database import get_session

CLIENTS = ("client", "concurrent_client")

router = APIRouter()
KEPT: list[Any] = []


@router.post("/trap")
async def trap(request: Request) -> None:
    sessions = get_session(request)
    KEPT.append(sessions)
    own = await anext(sessions)  # <-
    await own.execute(text("SELECT 1"))
