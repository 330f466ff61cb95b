"""A helper fails to write, and its caller only logs."""

import logging

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


async def save(session: AsyncSession) -> None:
    session.add(User(email="user1@example.com", password_hash="x"))
    await session.flush()  # <-


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    try:
        await save(session)
    except SQLAlchemyError as error:
        logging.getLogger(__name__).warning("not saved: %s", error)
