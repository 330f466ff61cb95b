"""Rows are copied by the driver before the transaction of the session has begun."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "cancel, kill@1, kill@2"
SAYS = (
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
    "points rows (x=10) 0 1 1",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Import(Base):
    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int]


class Point(Base):
    __tablename__ = "points"
    id: Mapped[int] = mapped_column(primary_key=True)
    x: Mapped[int]


@router.post("/imports", status_code=201)
async def load(session: SessionDep, first: int) -> None:
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    records = [(first + n,) for n in range(3)]
    # SQLAlchemy sends BEGIN with its first statement: the driver is still in no transaction.
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table("points", records=records, columns=["x"])
    session.add(Import(total=len(records)))
    await session.commit()  # <-
