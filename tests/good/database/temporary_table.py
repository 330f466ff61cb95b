"""Temporary tables are changed without a commit."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text('CREATE TEMP TABLE "Staging" (id uuid) ON COMMIT DROP'))
    await session.execute(text('INSERT INTO "Staging" SELECT id FROM users'))
    await session.execute(text('WITH one AS (SELECT 1) UPDATE ONLY "Staging" SET id = NULL'))
    await session.execute(text("SELECT id INTO TEMPORARY picked FROM users"))
    await session.execute(text("DELETE FROM picked"))
    await session.execute(text("CREATE TABLE pg_temp.other (id int)"))
    await session.execute(text("INSERT INTO pg_temp.other VALUES (1)"))
