"""The whole work is shielded: it is done to its end although the client has gone."""

import asyncio

from fastapi import APIRouter, Request
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

router = APIRouter()
TASKS: set[asyncio.Task[None]] = set()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


async def add(request: Request, account_id: int, amount: int) -> None:
    async with request.app.state.sessionmaker.begin() as session:
        await session.execute(
            update(Account).where(Account.id == account_id).values(balance=Account.balance + amount)
        )


@router.post("/accounts/{account_id}/deposits")
async def deposit(account_id: int, amount: int, request: Request) -> None:
    work = asyncio.create_task(add(request, account_id, amount))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await work
        raise
