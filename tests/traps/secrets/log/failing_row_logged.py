"""PostgreSQL shows the row that it refuses, hash included, and the error is logged."""

import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.security import hash_password
from app.users.models import User

SAYS = "POST /trap logged a password hash (logger `app.users`, ERROR)"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


async def get_engine(request: Request) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(request.app.state.settings.database_url)
    yield engine
    await engine.dispose()


EngineDep = Annotated[AsyncEngine, Depends(get_engine)]


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], engine: EngineDep) -> Any:
    password_hash = await hash_password(password)
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(User).values(email=None, password_hash=password_hash))
    except IntegrityError:
        logging.getLogger("app.users").exception("not stored")  # <-
