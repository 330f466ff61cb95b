"""A session is kept in the state of the request, and in a dictionary of the module."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import text

CLIENTS = ("client", "concurrent_client")

router = APIRouter()
KEPT: dict[str, Any] = {}


@router.post("/trap")
async def trap(request: Request) -> None:
    request.state.session = KEPT["session"] = request.app.state.sessionmaker()  # <-
    await request.state.session.execute(text("SELECT 1"))
