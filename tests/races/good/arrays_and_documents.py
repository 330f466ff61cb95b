"""Labels and settings are changed in place, each by one statement."""

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from sqlalchemy import ARRAY, Text, func, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Task(Base):
    __tablename__ = "tasks"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


@router.put("/tasks/labels/{label}")
async def put(label: str, session: SessionDep) -> None:
    await session.execute(
        update(Task).values(
            labels=func.array_append(Task.labels, label),
            settings=Task.settings.op("||")(func.jsonb_build_object(label, func.clock_timestamp())),
        )
    )
    await session.commit()
