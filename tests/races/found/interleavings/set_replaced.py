"""The tags of a document are replaced: all are deleted, and the new ones inserted."""

from fastapi import APIRouter
from sqlalchemy import delete
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "tags rows (document=1, text=c) 1 0 1",
    "It waits for a lock that A holds, so A goes on.",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[int] = mapped_column(index=True)
    text: Mapped[str]


@router.put("/documents/{document}/tags")
async def replace(document: int, tags: str, session: SessionDep) -> None:
    await session.execute(delete(Tag).where(Tag.document == document))  # <-
    session.add_all([Tag(document=document, text=text) for text in tags])
    await session.commit()
