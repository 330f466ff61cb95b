"""An import is marked as running first, and nobody takes the mark away."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "cancel, kill@3, kill@4, commit@1"
SAYS = (
    "imports id=1: state new done running",
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Import(Base):
    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    rows: Mapped[int]


@router.post("/imports/{import_id}")
async def run(import_id: int, session: SessionDep) -> None:
    this = update(Import).where(Import.id == import_id)
    started = this.where(Import.state == "new").values(state="running").returning(Import.id)
    if await session.scalar(started) is None:
        raise HTTPException(409)
    await session.commit()  # <-
    await session.execute(this.values(state="done", rows=3))
    await session.commit()
