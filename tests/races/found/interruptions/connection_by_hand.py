"""A connection is checked out by hand, and given back only if nothing comes between."""

from fastapi import APIRouter, Request
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

FOUND_BY = "cancel"
SAYS = (
    "The connection is missing from the pool that was taken",
    "ended with - 201 CancelledError",
    "orders rows (state=paid) 0 1 0",
)

router = APIRouter()
CONNECTIONS: set[AsyncConnection] = set()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


@router.post("/orders", status_code=201)
async def create(request: Request) -> None:
    engine: AsyncEngine = request.app.state.sessionmaker.kw["bind"]
    connection = await engine.connect()  # <-
    CONNECTIONS.add(connection)
    await connection.execute(insert(Order).values(state="paid"))
    async with other_service() as payments:
        await payments.post("/charges")  # <-
    await connection.commit()
    await connection.close()
    CONNECTIONS.discard(connection)
