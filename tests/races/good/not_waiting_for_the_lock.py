"""A request that finds the row locked says so, and does not wait."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/accounts/{account_id}/deposits")
async def deposit(account_id: int, amount: int, session: SessionDep) -> None:
    locked = select(Account).where(Account.id == account_id).with_for_update(nowait=True)
    try:
        account = (await session.scalars(locked)).one()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != "55P03":
            raise
        await session.rollback()
        raise HTTPException(409) from error
    account.balance += amount
    await session.commit()
