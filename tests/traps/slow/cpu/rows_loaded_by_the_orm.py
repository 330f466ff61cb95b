"""Seventy-five thousand rows are loaded as objects, in the greenlet of SQLAlchemy."""

from fastapi import APIRouter
from sqlalchemy import select, text

from app.database import SessionDep
from app.users.models import User

router = APIRouter()

ROWS = """
    SELECT gen_random_uuid() AS id, 'ada' || n AS email, '' AS password_hash, NULL AS full_name,
        true AS is_active, now() AS created_at, 1 AS version
    FROM generate_series(1, 75000) AS n
"""


@router.post("/trap")
async def trap(session: SessionDep) -> int:
    users = await session.scalars(select(User).from_statement(text(ROWS)))  # <-
    return len(users.all())
