from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Index, String, false, func, true
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.database import Base
from app.fields import normal_email

UNIQUE_EMAIL = "uq_users_email_lower"


class User(Base):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(String(320))
    password_hash: Mapped[str] = mapped_column(String(255))
    full_name: Mapped[str | None] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default="1")
    email_verified: Mapped[bool] = mapped_column(server_default=false())
    # Tokens and logins carry this number, and end when it changes.
    token_version: Mapped[int] = mapped_column(server_default="1")

    # If two requests change the same version, the second one fails. No lock is held while a
    # password is hashed, and a client that sends the version is safe from its read to its write.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    # lower() folds A to Z, and other letters as the locale of the database does: Ä is ä in
    # en_US.UTF-8 and C.UTF-8, but not in C. In a Turkish locale, I is not i.
    __table_args__ = (Index(UNIQUE_EMAIL, func.lower(email), unique=True),)

    def replace_password(self, password_hash: str) -> None:
        """Set a new password. It ends all logins and tokens from before."""
        self.password_hash = password_hash
        self.token_version += 1

    @validates("email")
    def _in_normal_form(self, _: str, email: str) -> str:
        return normal_email(email)
