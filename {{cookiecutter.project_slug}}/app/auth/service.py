"""Authentication."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import release_connection
from app.errors import AccountDisabled, InvalidCredentials, NotAuthenticated
from app.security import hash_password, needs_rehash, verify_password
from app.users.models import User
from app.users.service import find_user


async def authenticate(session: AsyncSession, *, email: str, password: str) -> User:
    """Return the user who has this email and this password.

    An unknown email takes as long as a wrong password, so that the timing does not reveal who has
    an account. A hash with weaker parameters is replaced. No connection is held while hashing: what
    the session has written before is committed.

    Raises:
        InvalidCredentials: No user has this email, or the password is wrong.
        AccountDisabled: The account is disabled.
        Busy: Too many hashes are waiting.
    """
    user = await find_user(session, email=email)
    await release_connection(session)
    known = await verify_password(password, user.password_hash if user else None)
    if user is None or not known:
        raise InvalidCredentials
    if not user.is_active:
        raise AccountDisabled
    if needs_rehash(user.password_hash):
        new_hash = await hash_password(password)
        # If the password has just been changed by another request, keep the new one.
        await session.execute(
            update(User)
            .where(User.id == user.id, User.password_hash == user.password_hash)
            .values(password_hash=new_hash)
        )
    return user


async def get_active_user(session: AsyncSession, user_id: UUID) -> User:
    """Return the user with this id, which comes from an access token.

    Raises:
        NotAuthenticated: There is no such user.
        AccountDisabled: The account is disabled.
    """
    user = await session.get(User, user_id)
    if user is None:
        raise NotAuthenticated
    if not user.is_active:
        raise AccountDisabled
    return user
