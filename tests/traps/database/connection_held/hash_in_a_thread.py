"""A password is hashed in a thread in the middle of a transaction."""

import asyncio

from fastapi import APIRouter
from passlib.context import CryptContext
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

SAYS = "while it waited for work in a thread"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()
passwords = CryptContext(schemes=["argon2"])


async def verify(password: str, password_hash: str | None) -> bool:
    return await asyncio.to_thread(passwords.verify, password, password_hash)  # <-


@router.post("/trap")
async def trap(session: SessionDep) -> bool:
    query = select(User).where(User.email == "ada@example.com")
    user = await session.scalar(query)  # takes it
    known = await verify("correct horse", user.password_hash if user else None)
    await session.commit()
    return known
