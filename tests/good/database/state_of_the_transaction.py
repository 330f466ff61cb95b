"""Settings and locks end with the transaction, or are undone."""

from fastapi import APIRouter
from sqlalchemy import func, select, text

from app.database import SessionDep

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("SET LOCAL search_path TO tenant_a, public"))
    await session.execute(select(func.set_config("app.tenant", "7", True)))
    await session.execute(select(func.pg_advisory_xact_lock(7)))
    await session.commit()
    await session.execute(select(func.pg_advisory_lock(8)))
    await session.execute(text("SET TIME ZONE 'Asia/Tokyo'"))
    await session.execute(text("RESET TIME ZONE"))
    await session.execute(select(func.pg_advisory_unlock(8)))
    await session.commit()
    await session.execute(text("SET search_path TO tenant_a"))
    await session.rollback()
