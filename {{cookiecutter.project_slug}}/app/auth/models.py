from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class Login(Base):
    """A login, which lasts until it expires, is ended, or the user's tokens end.

    A refresh token has two parts: one that all tokens of a login share, and one that is new each
    time. Only their SHA-256 hashes are stored: a slow hash adds nothing to what is random.
    """

    __tablename__ = "logins"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_version: Mapped[int]
    family_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)
