"""A column holds the password in hexadecimal digits."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from app.database import SessionDep
from app.users.models import User

SAYS = "stored the submitted password in an encoding that anybody can undo in `password_hash`"
CLIENTS = ("client", "concurrent_client")
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> Any:
    session.add(User(email="ada@example.com", password_hash=password.encode().hex()))
    await session.commit()  # <-
    return None
