"""A report is made by one at a time: who finds the lock taken is told so."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Report(Base):
    __tablename__ = "reports"
    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[int]


@router.post("/reports/{month}")
async def build(month: int, session: SessionDep) -> None:
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(7, month))):
        raise HTTPException(409)
    if await session.scalar(select(Report.id).where(Report.month == month)) is None:
        session.add(Report(month=month))
    await session.commit()
