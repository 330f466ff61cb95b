"""A counter is read, and the next value written."""

from fastapi import APIRouter
from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 200 200",
    "B 200 200 200",
    "counters name=hits: value 2 2 1",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Counter(Base):
    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


@router.post("/hits")
async def hit(session: SessionDep) -> None:
    value = await session.scalar(select(Counter.value).where(Counter.name == "hits"))  # <-
    change = update(Counter).where(Counter.name == "hits").values(value=(value or 0) + 1)
    await session.execute(change)  # <-
    await session.commit()
