from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class LoginCounter(Base):
    """Counts wrong passwords or emails, or marks a known address, until it expires.

    See `throttle.py`.
    """

    __tablename__ = "login_counters"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


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
