"""A transfer locks its accounts in the order of their numbers."""

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
    accounts = {
        number: await session.get_one(Account, number, with_for_update=True)
        for number in sorted((source, target))
    }
    accounts[source].balance -= amount
    accounts[target].balance += amount
    await session.commit()
