"""Two stays in a room do not overlap, and the database says so."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Stay(Base):
    __tablename__ = "stays"
    id: Mapped[int] = mapped_column(primary_key=True)
    days: Mapped[Range[int]] = mapped_column(INT4RANGE)
    __table_args__ = (ExcludeConstraint(("days", "&&"), name="no_two"),)


@router.post("/stays", status_code=201)
async def stay(first: int, last: int, session: SessionDep) -> None:
    session.add(Stay(days=Range(first, last)))
    try:
        await session.commit()
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", "") != "23P01":
            raise
        await session.rollback()
        raise HTTPException(409) from error
