"""An event names what it is about by its number, in a document, and in a text."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]


class Event(Base):
    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


@router.post("/orders", status_code=201)
async def order(item: str, session: SessionDep) -> None:
    new, gift = Order(item=item), Order(item="gift")
    session.add(new)
    await session.flush()
    session.add(gift)
    await session.flush()
    data = {"order": {"id": new.id, "item": item}, "gifts": [gift.id]}
    session.add(Event(subject=f"order-{new.id:05}", data=data))
    await session.commit()
