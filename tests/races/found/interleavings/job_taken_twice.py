"""A job is taken by SKIP LOCKED, but the lock ends before the job is marked."""

from fastapi import APIRouter
from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A3|B*|A, B3|A*|B"
SAYS = ("jobs id=1: done 1 1 2",)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    done: Mapped[int]


@router.post("/jobs/next")
async def work(session: SessionDep) -> None:
    free = select(Job.id).where(Job.done == 0).limit(1).with_for_update(skip_locked=True)
    job = await session.scalar(free)  # <-
    await session.commit()
    if job is not None:
        await session.execute(update(Job).where(Job.id == job).values(done=Job.done + 1))
        await session.commit()
