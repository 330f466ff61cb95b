"""What is made again after 40001 has taken a number in vain, which the log names."""

from fastapi import APIRouter
from sqlalchemy import Sequence
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


numbers = Sequence("numbers", metadata=Base.metadata)


class Stock(Base):
    __tablename__ = "stock"
    id: Mapped[int] = mapped_column(primary_key=True)
    left: Mapped[int]
    last_order: Mapped[str]


async def take_once(session: AsyncSession) -> None:
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    stock = await session.get_one(Stock, 1)
    number = await session.scalar(numbers)
    stock.left -= 1
    stock.last_order = f"O-{number}"
    await session.commit()


@router.post("/orders")
async def take(session: SessionDep) -> None:
    try:
        await take_once(session)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != "40001":
            raise
        await session.rollback()
        await take_once(session)
