"""One SELECT with LIMIT for each row."""

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    for id_ in (await session.scalars(select(User.id))).all():
        await session.scalar(select(User).where(User.id == id_).limit(1))  # <-
