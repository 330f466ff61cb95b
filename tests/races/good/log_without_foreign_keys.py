"""A log names what was made by its table and id, without a foreign key."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Folder(Base):
    __tablename__ = "folders"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


class Entry(Base):
    __tablename__ = "log"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    row_id: Mapped[int]
    by: Mapped[str]


@router.post("/folders", status_code=201)
async def create(by: str, session: SessionDep) -> None:
    folder, note = Folder(name=by), Note(text=by)
    session.add(folder)
    await session.flush()
    session.add(note)
    await session.flush()
    session.add(Entry(kind="folder", row_id=folder.id, by=by))
    session.add(Entry(kind="note", row_id=note.id, by=by))
    await session.commit()
