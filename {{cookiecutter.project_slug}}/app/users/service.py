"""Users. Functions flush and raise domain errors; the caller commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import release_connection, violated_constraint
from app.errors import ChangedMeanwhile, EmailTaken, WrongPassword
from app.fields import normal_email
from app.security import hash_password, verify_password
from app.users.models import UNIQUE_EMAIL, User


async def create_user(
    session: AsyncSession, *, email: str, password: str, full_name: str | None = None
) -> User:
    """Add a user. The password is stored as a hash, which is made before the first query.

    Raises:
        Busy: Too many hashes are waiting.
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
    session: AsyncSession,
    user: User,
    changes: dict[str, Any],
    *,
    version: int | None = None,
    current_password: str | None = None,
) -> None:
    """Set the given attributes of a user. Another email is not verified yet.

    Args:
        version: The version of the user that the changes were made for, if the caller knows it.
        current_password: Needed to change the email.

    Raises:
        Busy: Too many hashes are waiting.
        WrongPassword: The email changes, and the current password is missing or wrong.
        ChangedMeanwhile: The user has a different version by now.
        EmailTaken: Another user has this email, ignoring case.
        StaleDataError: Another request changes the user at the same time.
    """
    if version not in {None, user.version}:
        raise ChangedMeanwhile
    if normal_email(changes.get("email", user.email)) != user.email:
        await check_password(session, user, current_password or "")
        changes = {**changes, "email_verified": False}
    async with _email_taken_if_not_unique(session):
        for name, value in changes.items():
            setattr(user, name, value)


async def change_password(
    session: AsyncSession, user: User, *, current_password: str, new_password: str
) -> None:
    """Store the hash of a new password. All tokens from before end.

    No connection is held while hashing: what the session has written before is committed.

    Raises:
        Busy: Too many hashes are waiting.
        StaleDataError: Another request changes the user at the same time.
        WrongPassword: The current password is wrong.
    """
    await check_password(session, user, current_password)
    user.replace_password(await hash_password(new_password))
    await session.flush()


async def check_password(session: AsyncSession, user: User, password: str) -> None:
    """Ask for the password again before a step that a stolen token must not take.

    No connection is held while hashing: what the session has written before is committed.

    Raises:
        Busy: Too many hashes are waiting.
        WrongPassword: The password is wrong.
    """
    await release_connection(session)
    if not await verify_password(password, user.password_hash):
        raise WrongPassword


async def delete_user(session: AsyncSession, user: User, *, current_password: str) -> None:
    """Remove a user.

    Raises:
        Busy: Too many hashes are waiting.
        StaleDataError: Another request changes the user at the same time.
        WrongPassword: The current password is wrong.
    """
    await check_password(session, user, current_password)
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
