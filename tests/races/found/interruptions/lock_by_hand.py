"""A lock of the process is released only if nothing comes between."""

import asyncio

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep

FOUND_BY = "cancel"
SAYS = (
    "The same call made once more: it hangs, and waits at",
    "ended with - 201 CancelledError",
    "orders rows (state=paid) 0 1 0",
)

router = APIRouter()
LOCK = asyncio.Lock()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


@router.post("/orders", status_code=201)
async def create(session: SessionDep) -> None:
    await LOCK.acquire()
    async with other_service() as payments:
        await payments.post("/charges")  # <-
    session.add(Order(state="paid"))
    await session.commit()
    LOCK.release()
