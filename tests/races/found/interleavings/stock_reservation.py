"""A piece is reserved if there is one, by a look at the stock before."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, A4|B*|A, B2|A*|B, B3|A*|B, B4|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 409 201",
    "B 409 201 201",
    "reservations rows (sku=lamp) 1 1 2",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Stock(Base):
    __tablename__ = "stocks"
    sku: Mapped[str] = mapped_column(primary_key=True)
    pieces: Mapped[int]


class Reservation(Base):
    __tablename__ = "reservations"
    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey(Stock.sku))


@router.post("/reservations", status_code=201)
async def reserve(sku: str, session: SessionDep) -> None:
    stock = await session.get_one(Stock, sku)  # <-
    if stock.pieces == 0:
        raise HTTPException(409)
    session.add(Reservation(sku=sku))
    await session.flush()  # <-
    stock.pieces -= 1
    await session.commit()
