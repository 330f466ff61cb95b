"""Authentication."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import Login
from app.auth.schemas import Token
from app.auth.tokens import (
    AccessClaims,
    EmailClaims,
    EmailVerificationClaims,
    PasswordResetClaims,
    create_token,
    read_token,
)
from app.config import Settings
from app.database import release_connection
from app.errors import (
    AccountDisabled,
    InvalidCredentials,
    InvalidEmailToken,
    NotAuthenticated,
)
from app.mail import Email, Sender
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
    is_right = await verify_password(password, user.password_hash if user else None)
    if user is None or not is_right:
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


async def get_active_user(session: AsyncSession, claims: AccessClaims) -> User:
    """Return the user of an access token.

    Raises:
        NotAuthenticated: There is no such user, or the token or its login has ended.
        AccountDisabled: The account is disabled.
    """
    query = select(User).where(User.id == claims.sub, User.token_version == claims.ver)
    if claims.sid:
        query = query.where(exists().where(Login.id == claims.sid))
    user = await session.scalar(query)
    if user is None:
        raise NotAuthenticated
    if not user.is_active:
        raise AccountDisabled
    return user


async def start_login(session: AsyncSession, user: User, settings: Settings) -> Token:
    """Add a login and return its first tokens. Expired logins of all users are removed.

    Raises:
        InvalidCredentials: The user has just been removed.
    """
    expired = select(Login.id).where(Login.expires_at < func.now()).limit(100)
    # Two requests that remove the same logins would wait for each other.
    unlocked = expired.with_for_update(skip_locked=True)
    await session.execute(delete(Login).where(Login.id.in_(unlocked)))
    family, token = _random_part(), _random_part()
    login = Login(
        user_id=user.id,
        token_version=user.token_version,
        family_hash=_hash(family),
        token_hash=_hash(token),
        expires_at=datetime.now(UTC) + timedelta(days=settings.refresh_token_days),
    )
    session.add(login)
    try:
        await session.flush()
    except IntegrityError as error:
        # Only the foreign key can be violated.
        raise InvalidCredentials from error
    return _tokens(login, family + token, settings)


async def refresh(session: AsyncSession, refresh_token: str, settings: Settings) -> Token | None:
    """Replace a refresh token, once. Return None if it is not valid.

    A token that was used before may have been stolen: its login ends (RFC 9700, section 4.14.2).
    Commit in both cases.

    Raises:
        AccountDisabled: The account is disabled.
    """
    family, new = refresh_token[:_PART], _random_part()
    # One statement, so that only one of two simultaneous requests finds the old hash.
    login = await session.scalar(
        update(Login)
        .where(
            Login.family_hash == _hash(family),
            Login.token_hash == _hash(refresh_token[_PART:]),
            Login.expires_at > func.now(),
            Login.user_id == User.id,
            Login.token_version == User.token_version,
        )
        .values(token_hash=_hash(new))
        .returning(Login)
    )
    if login is None:
        await session.execute(delete(Login).where(Login.family_hash == _hash(family)))
        return None
    user = await session.get_one(User, login.user_id)
    if not user.is_active:
        raise AccountDisabled
    return _tokens(login, family + new, settings)


async def end_login(session: AsyncSession, user: User, claims: AccessClaims) -> None:
    """End the login that an access token comes from or, if it comes from none, all of the user."""
    if claims.sid:
        await session.execute(delete(Login).where(Login.id == claims.sid))
    else:
        user.token_version += 1
        await session.flush()


async def send_password_reset(user: User, settings: Settings, sender: Sender) -> None:
    """Send a token with which the user can set a new password."""
    token = _email_token(PasswordResetClaims, user, settings)
    await sender(Email(user.email, "Reset your password", f"Your token:\n{token}"))


async def send_email_verification(user: User, settings: Settings, sender: Sender) -> None:
    """Send a token with which the user can prove that the email is theirs."""
    token = _email_token(EmailVerificationClaims, user, settings)
    await sender(Email(user.email, "Verify your email", f"Your token:\n{token}"))


async def reset_password(
    session: AsyncSession, token: str, *, new_password: str, settings: Settings
) -> None:
    """Set the password of the user to whom a token was sent. All tokens from before end.

    Raises:
        InvalidEmailToken: The token is not valid, or the password or the email has changed since.
    """
    claims = read_token(PasswordResetClaims, token, settings=settings)
    # Before the first query, which takes a connection.
    password_hash = await hash_password(new_password)
    user = await _user_of_email_token(session, claims)
    user.replace_password(password_hash)
    user.email_verified = True
    await session.flush()


async def verify_email(session: AsyncSession, token: str, *, settings: Settings) -> None:
    """Note that the user, to whom a token was sent, has this email.

    Raises:
        InvalidEmailToken: The token is not valid, or was used before, or the password or the email
            has changed since.
    """
    claims = read_token(EmailVerificationClaims, token, settings=settings)
    user = await _user_of_email_token(session, claims)
    if user.email_verified:
        raise InvalidEmailToken
    user.email_verified = True
    await session.flush()


def _tokens(login: Login, refresh_token: str, settings: Settings) -> Token:
    claims = AccessClaims(sub=login.user_id, ver=login.token_version, sid=login.id)
    lifetime = timedelta(minutes=settings.access_token_minutes)
    return Token(
        access_token=create_token(claims, settings=settings, lifetime=lifetime),
        expires_in=int(lifetime.total_seconds()),
        refresh_token=refresh_token,
    )


def _random_part() -> str:
    return secrets.token_urlsafe(32)


_PART = len(_random_part())


def _hash(part: str) -> bytes:
    return sha256(part.encode()).digest()


def _email_token(kind: type[EmailClaims], user: User, settings: Settings) -> str:
    claims = kind(sub=user.id, ver=user.token_version, email=user.email)
    lifetime = timedelta(minutes=settings.email_token_minutes)
    return create_token(claims, settings=settings, lifetime=lifetime)


async def _user_of_email_token(session: AsyncSession, claims: EmailClaims) -> User:
    user = await session.scalar(
        select(User).where(
            User.id == claims.sub,
            User.token_version == claims.ver,
            User.email == claims.email,
            User.is_active,
        )
    )
    if user is None:
        raise InvalidEmailToken
    return user
