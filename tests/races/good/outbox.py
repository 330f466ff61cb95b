"""An order and the message about it are stored in one transaction, and sent by another request."""

from fastapi import APIRouter
from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep, release_connection

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


class Message(Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    sent: Mapped[bool] = mapped_column(default=False)


@router.post("/orders", status_code=201)
async def create(session: SessionDep) -> None:
    order = Order()
    session.add(order)
    await session.flush()
    session.add(Message(order_id=order.id))
    await session.commit()


@router.post("/outbox", status_code=204)
async def send(session: SessionDep) -> None:
    messages = (await session.scalars(select(Message).where(~Message.sent))).all()
    await release_connection(session)
    for message in messages:
        async with other_service() as mail:
            # The other side knows the number, so that a message that is sent twice counts once.
            await mail.post("/messages", headers={"Idempotency-Key": str(message.id)})
        await session.execute(update(Message).where(Message.id == message.id).values(sent=True))
        await session.commit()
