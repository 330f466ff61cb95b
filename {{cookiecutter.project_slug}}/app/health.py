import asyncio
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.database import SessionDep
from app.errors import DatabaseUnavailable, problems

router = APIRouter(prefix="/health", tags=["health"])

DATABASE_TIMEOUT = 2.0
"""Seconds after which the database counts as unavailable."""


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("")
async def liveness() -> Health:
    return Health()


@router.get("/ready", responses=problems(DatabaseUnavailable))
async def readiness(session: SessionDep) -> Health:
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT):
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnavailable from error
    return Health()
