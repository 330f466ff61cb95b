"""A connection of the engine, as a context."""

from fastapi import APIRouter, Request
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/accounts/{account_id}/deposits")
async def deposit(account_id: int, amount: int, request: Request) -> None:
    engine: AsyncEngine = request.app.state.sessionmaker.kw["bind"]
    async with engine.begin() as connection:
        await connection.execute(
            update(Account).where(Account.id == account_id).values(balance=Account.balance + amount)
        )
