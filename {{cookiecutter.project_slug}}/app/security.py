"""Password hashes and access tokens."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
from passlib.context import CryptContext

from app.errors import NotAuthenticated

ALGORITHM = "HS256"

password_context = CryptContext(schemes=["argon2"])


async def hash_password(password: str) -> str:
    """Hash a password in a thread: it is slow on purpose, and would block the event loop."""
    return await asyncio.to_thread(password_context.hash, password)


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Check a password in a thread. Without a hash, return False after the same work."""
    return await asyncio.to_thread(password_context.verify, password, password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than the current ones."""
    return bool(password_context.needs_update(password_hash))


def create_access_token(user_id: UUID, *, secret_key: str, lifetime: timedelta) -> str:
    """Sign a token (JWT) that identifies a user until it expires."""
    claims = {"sub": str(user_id), "exp": datetime.now(UTC) + lifetime}
    return jwt.encode(claims, secret_key, ALGORITHM)


def read_access_token(token: str, *, secret_key: str) -> UUID:
    """Return the id of the user that a token identifies.

    Raises:
        NotAuthenticated: The token is malformed, forged or expired.
    """
    try:
        claims = jwt.decode(token, secret_key, [ALGORITHM], options={"require": ["exp", "sub"]})
        return UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise NotAuthenticated from error
