"""A function writes and is committed, another one only reads."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(
        text(
            "CREATE FUNCTION archive() RETURNS int LANGUAGE sql AS"
            " $$ UPDATE users SET full_name = 'x'; SELECT 1 $$"
        )
    )
    await session.commit()
    await session.execute(text("SELECT archive()"))
    await session.commit()
    await session.execute(
        text(
            "CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql AS"
            " $$ SELECT count(*) FROM users $$"
        )
    )
    await session.commit()
    await session.execute(text("SELECT counted(), lower('X')"))
