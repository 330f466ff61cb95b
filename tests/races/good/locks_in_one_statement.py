"""A transfer locks its accounts in one statement, in their order."""

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


@router.post("/transfers")
async def transfer(source: int, target: int, amount: int, session: SessionDep) -> None:
    both = select(Account).where(Account.id.in_([source, target])).order_by(Account.id)
    accounts = {a.id: a for a in await session.scalars(both.with_for_update())}
    accounts[source].balance -= amount
    accounts[target].balance += amount
    await session.commit()
