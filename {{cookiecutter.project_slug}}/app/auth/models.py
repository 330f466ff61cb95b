from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class LoginCounter(Base):
    """Counts wrong passwords, or marks a known address, until it expires: see `throttle.py`."""

    __tablename__ = "login_counters"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
