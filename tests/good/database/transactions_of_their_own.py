"""Each row has a transaction of its own."""

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
        (await session.get_one(User, id_)).full_name = "x"
        await session.commit()
        session.expunge_all()
    for attempt in range(8):
        (user,) = await session.scalars(select(User).where(User.email == "user1@example.com"))
        user.full_name = str(attempt)
        await (session.commit() if attempt == 7 else session.rollback())
