"""A DELETE as text is never committed."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("DELETE FROM users"))  # <-
