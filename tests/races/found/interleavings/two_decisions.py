"""An order that is open may be paid or cancelled: each looks, and both are done."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B3|A*|B, B2|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 409 200",
    "B 409 200 200",
    "orders id=1: state paid cancelled paid",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


async def decide(session: AsyncSession, order_id: int, state: str) -> None:
    order = await session.get_one(Order, order_id)  # <-
    if order.state != "open":
        raise HTTPException(409)
    order.state = state
    await session.commit()  # <-


@router.post("/orders/{order_id}/payment")
async def pay(order_id: int, session: SessionDep) -> None:
    await decide(session, order_id, "paid")


@router.post("/orders/{order_id}/cancellation")
async def cancel(order_id: int, session: SessionDep) -> None:
    await decide(session, order_id, "cancelled")
