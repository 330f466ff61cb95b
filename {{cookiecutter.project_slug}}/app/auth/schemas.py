from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.fields import Email, Text
from app.users.schemas import FullName, GivenPassword, Password

SentToken = Annotated[str, Field(max_length=2000)]


class Registration(BaseModel):
    email: Email
    password: Password
    full_name: FullName | None = None


class Credentials(BaseModel):
    """A token request (RFC 6749, section 4.3.2). Scopes and clients are ignored."""

    grant_type: Literal["password"] = "password"
    username: Annotated[Text, Field(min_length=1, max_length=320)]
    """The email."""
    password: GivenPassword


class Token(BaseModel):
    """A successful token response (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str = "bearer"
    expires_in: int
    """Seconds."""
    refresh_token: str


class Refresh(BaseModel):
    refresh_token: SentToken


class PasswordResetRequest(BaseModel):
    email: Email


class PasswordReset(BaseModel):
    token: SentToken
    new_password: Password


class EmailVerification(BaseModel):
    token: SentToken
