"""One request reads, and another one writes."""

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.get("/accounts")
async def read(session: SessionDep) -> list[int]:
    return list(await session.scalars(select(Account.balance).order_by(Account.id)))


@router.post("/accounts", status_code=201)
async def open_account(session: SessionDep) -> None:
    session.add(Account(balance=0))
    await session.commit()
