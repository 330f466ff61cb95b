"""A heartbeat goes on as long as the work, and forever if the line that ends it is not reached."""

import asyncio

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "cancel, kill@1, kill@2, commit@1"
SAYS = (
    "Its task beat() is still running",
    "ended with - 201 CancelledError",
    "orders rows (state=paid) 0 1 0",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


async def beat() -> None:
    while True:
        await asyncio.sleep(1)  # <-


@router.post("/orders", status_code=201)
async def create(session: SessionDep) -> None:
    heartbeat = asyncio.create_task(beat())
    session.add(Order(state="paid"))
    await session.commit()  # <-
    heartbeat.cancel()
