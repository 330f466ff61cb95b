"""One refresh for each row."""

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    for user in (await session.scalars(select(User))).all():
        await session.refresh(user)  # <-
