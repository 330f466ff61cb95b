"""A table is locked after a first row is in it: each of two waits for the row of the other one."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, B2|A*|B"
SAYS = (
    "A2|B*|A is a deadlock: PostgreSQL ends one of the calls.",
    "A 201 410 503",
    "B 410 201 201",
    "It waits for a lock that A holds, so A goes on.",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Seat(Base):
    __tablename__ = "seats"
    id: Mapped[int] = mapped_column(primary_key=True)


@router.post("/seats", status_code=201)
async def take(session: SessionDep) -> None:
    session.add(Seat())
    await session.flush()  # <-
    await session.execute(text("LOCK TABLE seats IN SHARE ROW EXCLUSIVE MODE"))  # <-
    taken = await session.scalar(select(func.count()).select_from(Seat)) or 0
    if taken > 1:
        raise HTTPException(410)
    await session.commit()
