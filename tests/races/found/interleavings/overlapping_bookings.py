"""A room is booked for some days if no booking overlaps."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 409 201",
    "B 409 201 201",
    "bookings rows (first=1, last=5) 1 0 1",
    "bookings rows (first=3, last=9) 0 1 1",
)

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
    if (await session.scalars(overlapping)).first():  # <-
        raise HTTPException(409)
    session.add(Booking(first=first, last=last))
    await session.commit()  # <-
