"""What has expired is refreshed, or loaded where it can be awaited."""

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> str | None:
    user = (await session.scalars(select(User).limit(1))).one()
    session.expire(user)
    await session.refresh(user)
    session.expire(user)
    return await session.run_sync(lambda _: user.full_name)
