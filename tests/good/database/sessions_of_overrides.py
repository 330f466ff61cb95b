"""Overrides make a session for each request, and leave to the test what ends it."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User

router = APIRouter()


async def get_db() -> AsyncIterator[AsyncSession]:
    raise NotImplementedError
    yield


Db = Annotated[AsyncSession, Depends(get_db)]


@router.post("/users", status_code=201)
async def create(email: str, db: Db) -> str:
    user = User(email=email, password_hash="not a hash")
    db.add(user)
    await db.commit()
    await db.refresh(user)
    return user.email


@router.get("/users")
async def read(db: Db) -> list[str]:
    return list(await db.scalars(select(User.email).order_by(User.email)))


@router.delete("/users")
async def refuse(db: Db) -> None:
    db.add(User(email="nobody@example.com", password_hash="not a hash"))
    await db.flush()
    await db.rollback()
    raise HTTPException(409)
