"""A change is appended with its time to a list that was read before."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = ("[{state: seen}]",)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    history: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


@router.post("/tickets/{ticket_id}/{state}")
async def note(ticket_id: int, state: str, session: SessionDep) -> None:
    ticket = await session.get_one(Ticket, ticket_id)  # <-
    entry = {"state": state, "at": datetime.now(UTC).isoformat()}
    ticket.history = [*ticket.history, entry]
    await session.commit()
