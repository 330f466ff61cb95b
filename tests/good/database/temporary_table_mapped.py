"""A mapped temporary table is changed without a commit."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "staging"
    __table_args__ = ({"prefixes": ["TEMPORARY"]},)
    id: Mapped[int] = mapped_column(primary_key=True)


@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    await (await session.connection()).run_sync(Base.metadata.create_all)
    session.add_all([Row(id=n) for n in range(3)])
    await session.flush()
    await session.execute(insert(Row), [{"id": n} for n in range(3, 6)])
    return await session.scalar(select(func.count()).select_from(Row))
