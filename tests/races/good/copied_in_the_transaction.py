"""Rows are copied by the driver in the transaction of the session, and read by a cursor."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Import(Base):
    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int]


class Point(Base):
    __tablename__ = "points"
    x: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


@router.post("/imports", status_code=201)
async def load(session: SessionDep, first: int) -> None:
    new = Import(total=0)
    session.add(new)
    await session.flush()
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    records = [(first + n,) for n in range(3)]
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table("points", records=records, columns=["x"])
    points = select(Point.x).where(Point.x.between(first, first + 9))
    async for x in await session.stream_scalars(points.execution_options(yield_per=2)):
        new.total += x
    await session.commit()
