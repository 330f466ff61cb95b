from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, Text, false, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base
from app.users.models import User

OWNER_EXISTS = "fk_memos_owner_id_users"


class Memo(Base):
    __tablename__ = "memos"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    owner_id: Mapped[UUID] = mapped_column(
        ForeignKey(User.id, name=OWNER_EXISTS, ondelete="CASCADE")
    )
    text: Mapped[str] = mapped_column(Text)
    archived: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default="1")

    # Each query says that it needs the owner: else every row of a list would ask for its own.
    owner: Mapped[User] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (Index("ix_memos_owner_id_created_at_id", "owner_id", "created_at", "id"),)
