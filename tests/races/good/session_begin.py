"""The transaction is a context, which a cancellation leaves by a rollback."""

import asyncio

from fastapi import APIRouter, Request
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/transfers")
async def transfer(source: int, target: int, amount: int, request: Request) -> None:
    async with request.app.state.sessionmaker() as session, session.begin():
        for number in sorted((source, target)):
            change = amount if number == target else -amount
            await session.execute(
                update(Account).where(Account.id == number).values(balance=Account.balance + change)
            )
            await asyncio.sleep(0)
