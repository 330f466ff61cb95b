"""The password is stored by a fast hash."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Body

from app.database import SessionDep
from app.users.models import User

SAYS = "POST /trap stored the submitted password as its SHA256 in `password_hash` of table"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> None:
    digest = hashlib.sha256(password.encode()).hexdigest()
    session.add(User(email="ada@example.com", password_hash=digest))
    await session.commit()  # <-
