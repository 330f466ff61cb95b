"""A commit after a failed statement takes back what was before it."""

from fastapi import APIRouter
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.database import SessionDep
from app.users.models import User

SAYS = "POST /trap committed after a statement had failed, which has taken back an UPDATE of users"
CLIENTS = ("concurrent_client",)
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(update(User).values(full_name="x"))  # <-
    try:
        await session.execute(update(User).values(email="same@example.com"))
    except IntegrityError:
        pass
    await session.commit()
