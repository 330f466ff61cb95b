"""Users. Functions flush and raise domain errors; the caller commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import violated_constraint
from app.errors import ChangedMeanwhile, EmailTaken, WrongPassword
from app.fields import normal_email
from app.security import hash_password, verify_password
from app.users.models import UNIQUE_EMAIL, User


async def create_user(
    session: AsyncSession, *, email: str, password: str, full_name: str | None = None
) -> User:
    """Add a user. The password is stored as a hash.

    Raises:
        EmailTaken: Another user has this email, ignoring case.
    """
    user = User(email=email, full_name=full_name, password_hash=await hash_password(password))
    async with _email_taken_if_not_unique(session):
        session.add(user)
    return user


async def find_user(session: AsyncSession, *, email: str) -> User | None:
    """Return the user who has this email in its normal form, ignoring case."""
    same_email = func.lower(User.email) == func.lower(normal_email(email))
    return await session.scalar(select(User).where(same_email))


async def update_user(
    session: AsyncSession, user: User, changes: dict[str, Any], *, version: int | None = None
) -> None:
    """Set the given attributes of a user.

    Args:
        version: The version of the user that the changes were made for, if the caller knows it.

    Raises:
        ChangedMeanwhile: The user has a different version by now.
        EmailTaken: Another user has this email, ignoring case.
    """
    if version not in {None, user.version}:
        raise ChangedMeanwhile
    async with _email_taken_if_not_unique(session):
        for name, value in changes.items():
            setattr(user, name, value)


async def change_password(
    session: AsyncSession, user: User, *, current_password: str, new_password: str
) -> None:
    """Store the hash of a new password.

    Raises:
        WrongPassword: The current password is wrong.
    """
    if not await verify_password(current_password, user.password_hash):
        raise WrongPassword
    user.password_hash = await hash_password(new_password)
    await session.flush()


async def delete_user(session: AsyncSession, user: User) -> None:
    """Remove a user."""
    await session.delete(user)
    await session.flush()


@asynccontextmanager
async def _email_taken_if_not_unique(session: AsyncSession) -> AsyncIterator[None]:
    # The constraint decides, not a query before the write: two requests may arrive at the same
    # time. The savepoint keeps the session usable after an error.
    try:
        async with session.begin_nested():
            yield
    except IntegrityError as error:
        if violated_constraint(error) == UNIQUE_EMAIL:
            raise EmailTaken from error
        raise
