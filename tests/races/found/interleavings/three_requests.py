"""The last seat goes to whoever asks, if nobody holds it and nobody has bought it."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = (
    "A2|B*|A*|C, A2|B*|C*|A, A2|C*|A*|B, A2|C*|B*|A, "
    "A3|B*|A*|C, A3|B*|C*|A, A3|C*|A*|B, A3|C*|B*|A, "
    "B2|A*|B*|C, B2|A*|C*|B, B2|C*|A*|B, B2|C*|B*|A, "
    "B3|A*|B*|C, B3|A*|C*|B, B3|C*|A*|B, B3|C*|B*|A, "
    "C2|A*|B*|C, C2|A*|C*|B, C2|B*|A*|C, C2|B*|C*|A, "
    "C3|A*|B*|C, C3|A*|C*|B, C3|B*|A*|C, C3|B*|C*|A"
)
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 409 409 200",
    "B 409 200 409 200",
    "C 409 409 200 409",
    "seats id=1: buyer ada bob eve ada",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Seat(Base):
    __tablename__ = "seats"
    id: Mapped[int] = mapped_column(primary_key=True)
    buyer: Mapped[str | None]


@router.post("/seats/{seat_id}/{buyer}")
async def buy(seat_id: int, buyer: str, session: SessionDep) -> None:
    seat = await session.get_one(Seat, seat_id)  # <-
    if seat.buyer:
        raise HTTPException(409)
    seat.buyer = buyer
    await session.commit()  # <-
