"""The tags of a document are replaced while its row is locked."""

from fastapi import APIRouter
from sqlalchemy import ForeignKey, delete
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(primary_key=True)


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey(Document.id), index=True)
    text: Mapped[str]


@router.put("/documents/{document_id}/tags")
async def replace(document_id: int, tags: str, session: SessionDep) -> None:
    await session.get_one(Document, document_id, with_for_update=True)
    await session.execute(delete(Tag).where(Tag.document_id == document_id))
    session.add_all([Tag(document_id=document_id, text=text) for text in tags])
    await session.commit()
