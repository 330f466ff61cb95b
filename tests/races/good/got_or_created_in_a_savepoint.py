"""A row is inserted in a savepoint, and the one of another request taken if there is one."""

from fastapi import APIRouter
from sqlalchemy import ForeignKey, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey(Tag.id))


async def get_or_create(session: AsyncSession, name: str) -> Tag:
    tag = Tag(name=name)
    try:
        async with session.begin_nested():
            session.add(tag)
    except IntegrityError:
        return (await session.scalars(select(Tag).where(Tag.name == name))).one()
    return tag


@router.post("/notes", status_code=201)
async def write_note(tag: str, session: SessionDep) -> None:
    session.add(Note(tag_id=(await get_or_create(session, tag)).id))
    await session.commit()
