"""A session is dropped without being closed."""

from fastapi import APIRouter, Request
from sqlalchemy import text

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    other = request.app.state.sessionmaker()  # <-
    await other.execute(text("SELECT 1"))
