"""The work is a task of its own, and nobody asks what has become of it."""

import asyncio

from fastapi import APIRouter, Request
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FOUND_BY = "kill@1, kill@2"
SAYS = (
    "It ended with 201, but nothing is done.",
    "ended with - 201 201",
    "orders rows (state=paid) 0 1 0",
)

router = APIRouter()
TASKS: set[asyncio.Task[None]] = set()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


async def store(request: Request) -> None:
    async with request.app.state.sessionmaker.begin() as session:
        session.add(Order(state="paid"))


@router.post("/orders", status_code=201)
async def create(request: Request) -> None:
    task = asyncio.create_task(store(request))
    TASKS.add(task)
    task.add_done_callback(TASKS.discard)
    await asyncio.wait([task])  # <-
