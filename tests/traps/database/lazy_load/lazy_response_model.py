"""The response model reads a relationship that is not loaded."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from app.database import SessionDep

SAYS = "used `Post.author` before it was loaded: query with options(joinedload(Post.author))"
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


class AuthorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int


class PostOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    author: AuthorOut


@router.post("/trap", response_model=PostOut)
async def trap(session: SessionDep) -> Any:  # <-
    return (await session.scalars(select(Post))).one()
