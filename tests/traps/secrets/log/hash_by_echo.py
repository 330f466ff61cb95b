"""The engine echoes each statement with its parameters."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from app.security import hash_password
from app.users.models import User

SAYS = "POST /trap logged a password hash (logger `sqlalchemy.engine.Engine`, INFO)"
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], request: Request) -> Any:
    password_hash = await hash_password(password)
    engine = create_async_engine(request.app.state.settings.database_url, echo=True)
    async with engine.begin() as connection:
        row = insert(User).values(email="ada@example.com", password_hash=password_hash)
        await connection.execute(row)  # <-
    await engine.dispose()
