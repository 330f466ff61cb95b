"""What differs from run to run: numbers, times, random texts and hashes, and who refers to them."""

import hashlib
import secrets
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import DateTime, ForeignKey, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(server_default=func.gen_random_uuid())
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    token_hash: Mapped[str]


class Page(Base):
    __tablename__ = "pages"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey(Document.id))
    text: Mapped[str]


@router.post("/documents", status_code=201)
async def create(text: str, session: SessionDep) -> None:
    token = secrets.token_bytes()
    document = Document(token_hash=hashlib.sha256(token).hexdigest())
    session.add(document)
    await session.flush()
    session.add_all([Page(document_id=document.id, text=f"{text} {n}") for n in (1, 2)])
    await session.commit()
