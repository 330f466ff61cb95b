"""A balance is read and written by statements of the driver, which SQLAlchemy does not know of."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A3|B*|A, A4|B*|A, B3|A*|B, B4|A*|B"
SAYS = (
    "accounts id=1: balance 100 100 99",
    "A2 SELECT balance FROM accounts WHERE id = 1",
    "B3 UPDATE accounts SET balance = $1 WHERE id = 1",
    "B4 COMMIT",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/deposits")
async def deposit(amount: int, session: SessionDep) -> None:
    await session.get_one(Account, 1)
    connection = await session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    balance = await driver.fetchval("SELECT balance FROM accounts WHERE id = 1")  # <-
    change = await driver.prepare("UPDATE accounts SET balance = $1 WHERE id = 1")
    await change.fetch(balance + amount)  # <-
    await session.commit()
