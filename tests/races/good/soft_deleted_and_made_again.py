"""A name that is deleted softly is free again: a partial index keeps the others apart."""

from datetime import datetime

from fastapi import APIRouter, HTTPException
from sqlalchemy import DateTime, Identity, Index, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Project(Base):
    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


live = Project.deleted_at.is_(None)
Index("one_name", Project.name, unique=True, postgresql_where=live)


@router.put("/projects/{name}")
async def create(name: str, session: SessionDep) -> None:
    new = insert(Project).values(name=name)
    kept = new.on_conflict_do_nothing(index_elements=[Project.name], index_where=live)
    created = await session.scalar(kept.returning(Project.id))
    await session.commit()
    if created is None:
        raise HTTPException(409)


@router.delete("/projects/{name}")
async def delete(name: str, session: SessionDep) -> None:
    gone = update(Project).where(Project.name == name, live).values(deleted_at=func.now())
    await session.execute(gone)
    await session.commit()
