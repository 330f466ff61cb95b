"""A session is closed only if nothing comes between, and a registry keeps it."""

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

FOUND_BY = "cancel"
SAYS = (
    "The connection is missing from the pool that was taken",
    "ended with - 201 CancelledError",
    "orders rows (state=paid) 0 1 0",
)

router = APIRouter()
SESSIONS: dict[int, AsyncSession] = {}


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


@router.post("/orders", status_code=201)
async def create(request: Request) -> None:
    session = SESSIONS[id(request)] = request.app.state.sessionmaker()
    session.add(Order(state="paid"))
    await session.flush()  # <-
    async with other_service() as payments:
        await payments.post("/charges")  # <-
    await session.commit()
    await session.close()
    del SESSIONS[id(request)]
