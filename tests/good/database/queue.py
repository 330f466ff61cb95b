"""A queue is drained row by row."""

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    query = select(User).where(User.full_name.is_(None)).limit(1)
    while user := await session.scalar(query.with_for_update(skip_locked=True)):
        user.full_name = "done"
        await session.commit()
    for id_ in (await session.scalars(select(User.id))).all():
        await session.scalar(select(User).where(User.id == id_).with_for_update())
