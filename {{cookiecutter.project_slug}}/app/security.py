"""Password hashes."""

import asyncio

from passlib.context import CryptContext

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
