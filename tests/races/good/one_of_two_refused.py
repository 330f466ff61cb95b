"""An order may be paid or cancelled, and the UPDATE decides which."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


@router.post("/orders/{order_id}/{state}")
async def decide(order_id: int, state: str, session: SessionDep) -> None:
    open_order = update(Order).where(Order.id == order_id, Order.state == "open")
    if await session.scalar(open_order.values(state=state).returning(Order.id)) is None:
        raise HTTPException(409)
    await session.commit()
