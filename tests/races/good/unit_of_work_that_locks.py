"""A dependency commits before the response, and the endpoint locks what it reads."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


async def get_unit_of_work(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessionmaker.begin() as session:
        yield session


UnitOfWork = Annotated[AsyncSession, Depends(get_unit_of_work, scope="function")]


@router.post("/accounts/{account_id}/deposits")
async def deposit(account_id: int, amount: int, session: UnitOfWork) -> None:
    account = await session.get_one(Account, account_id, with_for_update=True)
    account.balance += amount
