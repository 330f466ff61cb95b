"""A meter is read at a time: the columns are t and v."""

from fastapi import APIRouter
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Reading(Base):
    __tablename__ = "readings"
    t: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    v: Mapped[int]


@router.post("/readings/{t}")
async def add(t: int, v: int, session: SessionDep) -> None:
    await session.execute(update(Reading).where(Reading.t == t).values(v=Reading.v + v))
    await session.commit()
