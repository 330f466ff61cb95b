"""One SELECT for each row and kind."""

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

SAYS = "POST /trap sent the same SELECT 16 times: SELECT users.id FROM users"
CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()

KINDS = ("guest", "admin")


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    for user in (await session.scalars(select(User))).all():
        for kind in KINDS:
            await session.scalar(  # <-
                select(User.id).where(User.full_name == kind, User.id == user.id)
            )
