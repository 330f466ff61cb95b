"""Chunks of ids."""

from fastapi import APIRouter
from sqlalchemy import delete, select, text

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    ids = 2 * list(await session.scalars(select(User.id)))
    for n in range(0, 16, 2):
        await session.scalars(select(User).where(User.id.in_(ids[n : n + 2])))
        await session.scalars(
            select(User).where(User.is_active.is_(True), User.id.in_(ids[n : n + 2]))
        )
        await session.execute(
            text("SELECT * FROM users WHERE id = ANY(:ids)"), {"ids": ids[n : n + 2]}
        )
    while few := (await session.scalars(select(User.id).limit(1))).all():
        await session.execute(delete(User).where(User.id.in_(few)))
    await session.commit()
