"""An order whose rows are lost is answered as if it had been stored."""

import logging

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "kill@1, kill@2"
SAYS = (
    "It ended with 201, but nothing is done.",
    "ended with - 201 201",
    "orders rows (state=paid) 0 1 0",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


@router.post("/orders", status_code=201)
async def order(session: SessionDep) -> None:
    session.add(Order(state="paid"))
    try:
        await session.commit()  # <-
    except Exception:
        logging.getLogger(__name__).warning("the order is not stored")
