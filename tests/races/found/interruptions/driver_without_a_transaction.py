"""A transfer by statements of the driver, of which each is a transaction of its own."""

from fastapi import APIRouter, Request
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FOUND_BY = "cancel, kill@2"
SAYS = (
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
    "accounts id=1: balance 100 99 99",
    "accounts id=2: balance 0 1 0",
)

CHANGE = "UPDATE accounts SET balance = balance + $2 WHERE id = $1"

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/transfers")
async def transfer(amount: int, request: Request) -> None:
    async with request.app.state.sessionmaker.kw["bind"].connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.execute(CHANGE, 1, -amount)  # <-
        await driver.execute(CHANGE, 2, amount)
