from typing import Annotated

from pydantic import BaseModel, EmailStr, Field

from app.users.schemas import EMAIL_LENGTH, FullName, GivenPassword, Password

SentToken = Annotated[str, Field(max_length=2000)]


class Registration(BaseModel):
    email: EmailStr
    password: Password
    full_name: FullName | None = None


class LoginForm(BaseModel):
    """The form of a token request (RFC 6749, section 4.3.2). Its other fields are ignored."""

    username: Annotated[str, Field(max_length=EMAIL_LENGTH)]
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
    email: EmailStr


class PasswordReset(BaseModel):
    token: SentToken
    new_password: Password


class EmailVerification(BaseModel):
    token: SentToken
