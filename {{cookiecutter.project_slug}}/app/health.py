import asyncio
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.database import SessionDep
from app.errors import DatabaseNotMigrated, DatabaseUnavailable, problems

router = APIRouter(prefix="/health", tags=["health"])

DATABASE_TIMEOUT = 2.0
"""Seconds after which the database counts as unavailable."""


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("")
async def liveness() -> Health:
    return Health()


@router.get("/ready", responses=problems(DatabaseUnavailable, DatabaseNotMigrated))
async def readiness(request: Request, session: SessionDep) -> Health:
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT):
            is_migrated = await request.app.state.migrations.are_applied(session)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnavailable from error
    if not is_migrated:
        raise DatabaseNotMigrated
    return Health()
