"""PostgreSQL shows the row that it refuses, hash included, and the error is logged."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.database import SessionDep
from app.security import hash_password
from app.users.models import User

SAYS = "POST /trap logged a password hash (logger `app.users`, ERROR)"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> Any:
    password_hash = await hash_password(password)
    try:
        await session.execute(insert(User).values(email=None, password_hash=password_hash))
    except IntegrityError:
        await session.rollback()
        logging.getLogger("app.users").exception("not stored")  # <-
