"""A datetime without a time zone is compared."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.scalar(select(User).where(User.created_at < datetime.now()))  # <-
