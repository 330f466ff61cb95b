"""Many rows in one statement, and all or none of them."""

from fastapi import APIRouter
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    position: Mapped[int]


@router.post("/orders", status_code=201)
async def create(session: SessionDep) -> None:
    order = Order()
    session.add(order)
    await session.flush()
    session.add_all([Item(order_id=order.id, position=n) for n in range(20)])
    await session.commit()
