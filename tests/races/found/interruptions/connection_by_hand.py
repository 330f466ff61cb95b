"""A connection is checked out by hand, and given back only if nothing comes between."""

from fastapi import APIRouter, Request
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


@router.post("/orders", status_code=201)
async def create(request: Request) -> None:
    engine: AsyncEngine = request.app.state.sessionmaker.kw["bind"]
    connection = await engine.connect()
    request.app.state.last_connection = connection
    await connection.execute(insert(Order).values(state="paid"))
    await connection.commit()
    await connection.close()
