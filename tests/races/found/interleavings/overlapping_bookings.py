"""A room is booked for some days if no booking overlaps."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Booking(Base):
    __tablename__ = "bookings"
    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[int]
    last: Mapped[int]


@router.post("/bookings", status_code=201)
async def book(first: int, last: int, session: SessionDep) -> None:
    overlapping = select(Booking).where(Booking.first <= last, Booking.last >= first)
    if (await session.scalars(overlapping)).first():
        raise HTTPException(409)
    session.add(Booking(first=first, last=last))
    await session.commit()
