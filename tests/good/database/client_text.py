"""Text of the client is a parameter, or one of what is allowed."""

from typing import Annotated

from fastapi import APIRouter, Body
from sqlalchemy import select, text

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


SORTS = {"created_at": "ORDER BY created_at DESC"}


@router.post("/trap")
async def trap(
    session: SessionDep, q: str, sort: str, email: Annotated[str, Body(embed=True)]
) -> None:
    query = f"SELECT id FROM users WHERE email LIKE :q AND full_name <> 'created_at' {SORTS[sort]}"
    await session.execute(text(query), {"q": f"%{q}%"})
    await session.execute(select(User).where(User.email == email).order_by(text(sort)))
