"""One SELECT for each row, inside a loop that tries again."""

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
        while True:
            if await session.scalar(select(User.email).where(User.id == id_)):  # <-
                break
