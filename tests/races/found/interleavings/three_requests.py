"""The last seat goes to whoever asks, if nobody holds it and nobody has bought it."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Seat(Base):
    __tablename__ = "seats"
    id: Mapped[int] = mapped_column(primary_key=True)
    buyer: Mapped[str | None]


@router.post("/seats/{seat_id}/{buyer}")
async def buy(seat_id: int, buyer: str, session: SessionDep) -> None:
    seat = await session.get_one(Seat, seat_id)
    if seat.buyer:
        raise HTTPException(409)
    seat.buyer = buyer
    await session.commit()
