"""A folder is moved into another one if that is not in it, which may come true meanwhile."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, A4|B*|A, B2|A*|B, B3|A*|B, B4|A*|B"
SAYS = (
    "folders id=2: parent_id null 1 1",
    "folders id=1: parent_id 2 null 2",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Folder(Base):
    __tablename__ = "folders"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("folders.id"))


@router.put("/folders/{folder_id}/parent/{parent_id}")
async def move(folder_id: int, parent_id: int, session: SessionDep) -> None:
    parent = await session.get_one(Folder, parent_id)  # <-
    if parent.parent_id == folder_id:
        raise HTTPException(422)
    folder = await session.get_one(Folder, folder_id)
    folder.parent_id = parent_id
    await session.commit()
