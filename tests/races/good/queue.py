"""Workers take jobs from a queue, and skip those that others have locked."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    done_by: Mapped[str | None]


@router.post("/workers/{name}/jobs")
async def work(name: str, session: SessionDep) -> None:
    waiting = select(Job).where(Job.done_by.is_(None)).order_by(Job.id).limit(1)
    job = await session.scalar(waiting.with_for_update(skip_locked=True))
    if job is None:
        raise HTTPException(404)
    job.done_by = name
    await session.commit()
