"""A condition is made of a field of the body."""

from typing import Annotated

from fastapi import APIRouter, Body
from sqlalchemy import select, text

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(email: Annotated[str, Body(embed=True)], session: SessionDep) -> None:
    condition = text(f"email = '{email}'")
    await session.execute(select(User.id).where(condition))  # <-
