import asyncio
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.database import SessionDep
from app.errors import DatabaseNotMigrated, DatabaseUnavailable, ShuttingDown, problems

router = APIRouter(prefix="/health", tags=["health"])

DATABASE_TIMEOUT_S = 2.0
"""Seconds after which the database counts as unavailable."""


class Health(BaseModel):
    status: Literal["ok"] = "ok"


# Load balancers and monitors often use HEAD.
@router.head("", include_in_schema=False)
@router.get("")
async def liveness() -> Health:
    return Health()


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses=problems(DatabaseUnavailable, DatabaseNotMigrated, ShuttingDown))
async def readiness(request: Request, session: SessionDep) -> Health:
    if request.app.state.draining:
        raise ShuttingDown
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_S):
            is_migrated = await request.app.state.migrations.are_applied(session)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnavailable from error
    if not is_migrated:
        raise DatabaseNotMigrated
    return Health()
