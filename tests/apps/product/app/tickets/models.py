from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class PassKind(Base):
    """A kind of ski pass, and how many of it are left."""

    __tablename__ = "pass_kinds"
    __table_args__ = (CheckConstraint('"left" >= 0', name="left_is_not_negative"),)

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    left: Mapped[int]


class Ticket(Base):
    """A ski pass that somebody has bought."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column("pass", ForeignKey("pass_kinds.name"), index=True)
    bought_at: Mapped[datetime] = mapped_column(server_default=func.now())
