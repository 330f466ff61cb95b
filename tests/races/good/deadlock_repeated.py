"""Two transfers lock in opposite order, and the one that the database ends is repeated."""

from fastapi import APIRouter
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


async def transfer_once(session: AsyncSession, source: int, target: int, amount: int) -> None:
    payer = await session.get_one(Account, source, with_for_update=True)
    payee = await session.get_one(Account, target, with_for_update=True)
    payer.balance -= amount
    payee.balance += amount
    await session.commit()


@router.post("/transfers")
async def transfer(source: int, target: int, amount: int, session: SessionDep) -> None:
    try:
        await transfer_once(session, source, target, amount)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != "40P01":
            raise
        await session.rollback()
        await transfer_once(session, source, target, amount)
