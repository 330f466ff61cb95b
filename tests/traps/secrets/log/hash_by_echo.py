"""The engine echoes each statement with its parameters."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body

from app.database import SessionDep
from app.security import hash_password
from app.users.models import User

SAYS = "POST /trap logged a password hash (logger `sqlalchemy.engine.Engine`, INFO)"
router = APIRouter()


@contextmanager
def echo() -> Iterator[None]:
    logger = logging.getLogger("sqlalchemy.engine.Engine")
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(logging.NOTSET)


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> Any:
    password_hash = await hash_password(password)
    with echo():
        session.add(User(email="ada@example.com", password_hash=password_hash))
        await session.commit()  # <-
    return None
