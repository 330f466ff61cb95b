from pydantic import BaseModel, EmailStr

from app.users.schemas import FullName, Password


class Registration(BaseModel):
    email: EmailStr
    password: Password
    full_name: FullName | None = None


class Token(BaseModel):
    """A successful token response (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str = "bearer"
    expires_in: int
    """Seconds."""
