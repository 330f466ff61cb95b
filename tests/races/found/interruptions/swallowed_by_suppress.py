"""A cancellation is suppressed, and the request goes on without what it has waited for."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep

FOUND_BY = "cancel"
SAYS = (
    "It swallowed its cancellation, went on, and ended with 201.",
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
    "ended with - 201 201",
    "orders rows (state=paid) 0 1 0",
    "orders rows (state=new) 0 0 1",
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
    state = "new"
    with suppress(asyncio.CancelledError):
        async with other_service() as payments:
            await payments.post("/charges")  # <-
        state = "paid"
    session.add(Order(state=state))
    await session.commit()
