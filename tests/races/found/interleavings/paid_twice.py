"""An order is charged elsewhere if it is not paid yet: two requests charge twice."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep, release_connection

FOUND_BY = "A2|B*|A, A3|B*|A, A4|B*|A, B2|A*|B, B3|A*|B, B4|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 409 200",
    "B 409 200 200",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    paid: Mapped[bool]


@router.post("/orders/{order_id}/payment")
async def pay(order_id: int, session: SessionDep) -> None:
    order = await session.get_one(Order, order_id)  # <-
    if order.paid:
        raise HTTPException(409)
    await release_connection(session)
    async with other_service() as payments:
        await payments.post("/charges")
    order.paid = True
    await session.commit()
