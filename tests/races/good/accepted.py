"""Whoever writes last wins, which is fine here."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Draft(Base):
    __tablename__ = "drafts"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    saves: Mapped[int]


@router.put("/drafts/{draft_id}")
async def save(draft_id: int, text: str, session: SessionDep) -> None:
    draft = await session.get_one(Draft, draft_id)
    draft.text = text
    draft.saves += 1
    await session.commit()
