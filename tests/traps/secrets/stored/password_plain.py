"""The password is stored as it is."""

from typing import Annotated

from fastapi import APIRouter, Body

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> None:
    session.add(User(email="ada@example.com", password_hash=password))
    await session.commit()  # <-
