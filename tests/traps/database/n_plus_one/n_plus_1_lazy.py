"""One lazy load for each row."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from app.database import SessionDep

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    posts: Mapped[list["Post"]] = relationship(back_populates="author")


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="posts")


async def create_tables(session: AsyncSession) -> None:
    connection = await session.connection()
    await connection.run_sync(Base.metadata.create_all)
    await session.commit()


@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    def count(session: Any) -> list[int]:
        return [len(author.posts) for author in session.scalars(select(Author))]  # <-

    return await session.run_sync(count)
