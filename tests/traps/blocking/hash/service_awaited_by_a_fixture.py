"""A service that a fixture awaits hashes a password by a plain function."""

from app.security import password_context


def hash_password(password: str) -> str:
    return str(password_context.hash(password))  # <-


async def register() -> str:
    return hash_password("a")
