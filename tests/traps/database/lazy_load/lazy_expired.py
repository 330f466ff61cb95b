"""An attribute is read that the session has expired."""

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

SAYS = "POST /trap used an attribute of `User` that was expired or deferred"
CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> str | None:
    user = (await session.scalars(select(User).limit(1))).one()
    session.expire(user)
    return user.full_name  # <-
