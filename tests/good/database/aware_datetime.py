"""A datetime with its time zone is stored."""

from datetime import UTC, datetime

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    user = (await session.scalars(select(User).limit(1))).one()
    user.created_at = datetime.now(UTC)
    await session.commit()
