"""A counter is begun or increased, in one statement."""

from fastapi import APIRouter
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Counter(Base):
    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


@router.post("/hits")
async def hit(session: SessionDep) -> None:
    await session.execute(
        pg_insert(Counter)
        .values(name="hits", value=1)
        .on_conflict_do_update(index_elements=["name"], set_={"value": Counter.value + 1})
    )
    await session.commit()
