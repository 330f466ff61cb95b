"""A transfer writes two balances that it has read."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/transfers")
async def transfer(source: int, target: int, amount: int, session: SessionDep) -> None:
    payer = await session.get_one(Account, source)
    payee = await session.get_one(Account, target)
    payer.balance -= amount
    payee.balance += amount
    await session.commit()
