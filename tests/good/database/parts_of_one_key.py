"""Parts of a range of one key."""

from datetime import UTC, datetime

from fastapi import APIRouter
from sqlalchemy import any_, func, select
from sqlalchemy.dialects.postgresql import array

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    same = User.password_hash == "not a hash"
    all_ = 2 * list(await session.scalars(select(User.email).order_by(User.email)))
    for n in range(0, 16, 2):
        few = all_[n : n + 2]
        await session.scalars(select(User).where(same, User.email.between(all_[n], few[-1])))
        await session.scalars(select(User).where(same, User.email == any_(array(all_[n : n + 2]))))
    for day in range(1, 9):
        await session.scalar(
            select(func.count(User.id)).where(
                same, User.created_at < datetime(2026, 1, day, tzinfo=UTC)
            )
        )
