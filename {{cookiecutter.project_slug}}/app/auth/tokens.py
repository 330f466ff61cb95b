"""Signed tokens: access tokens, and those that are sent by email.

A token is a JWT (RFC 7519) that names its purpose in the `typ` header (RFC 8725, section 3.11), so
that one can't be used for another. All are signed with the same keys, which `kid` tells apart.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import ClassVar, TypeVar
from uuid import UUID, uuid4

import jwt
from pydantic import BaseModel, ConfigDict

from app.config import Settings
from app.errors import DomainError, InvalidEmailToken, NotAuthenticated

ALGORITHM = "HS256"


class Claims(BaseModel):
    """What a token says. `ver` binds it to the user's password: see `User.token_version`."""

    model_config = ConfigDict(frozen=True)

    typ: ClassVar[str]
    invalid: ClassVar[type[DomainError]]
    sub: UUID
    ver: int


class AccessClaims(Claims):
    """An access token, as in RFC 9068 but without `client_id`, since there is only one client.

    It ends with the login `sid`, if it comes from one.
    """

    typ = "at+jwt"
    invalid = NotAuthenticated
    sid: UUID | None = None


class EmailClaims(Claims):
    """A token that is sent to an address, and is valid while the user has that address."""

    invalid = InvalidEmailToken
    email: str


class PasswordResetClaims(EmailClaims):
    typ = "password-reset+jwt"


class EmailVerificationClaims(EmailClaims):
    typ = "email-verification+jwt"


AnyClaims = TypeVar("AnyClaims", bound=Claims)


def create_token(claims: Claims, *, settings: Settings, lifetime: timedelta) -> str:
    """Sign a token that is valid for this time, with the current key."""
    key = settings.secret_key.get_secret_value()
    now = datetime.now(UTC)
    payload = claims.model_dump(mode="json", exclude_none=True) | {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "iat": now,
        "exp": now + lifetime,
        "jti": uuid4().hex,
    }
    return jwt.encode(payload, key, ALGORITHM, headers={"typ": claims.typ, "kid": key_id(key)})


def read_token(kind: type[AnyClaims], token: str, *, settings: Settings) -> AnyClaims:
    """Return what a token of this kind says. The current key and the previous ones are accepted.

    Raises:
        NotAuthenticated: The access token is malformed, forged or expired, or is not one.
        InvalidEmailToken: The same for a token from an email.
    """
    keys = [key.get_secret_value() for key in (settings.secret_key, *settings.previous_secret_keys)]
    try:
        header = jwt.get_unverified_header(token)
        key = {key_id(key): key for key in keys}.get(header.get("kid", ""))
        if key is None or header.get("typ") != kind.typ:
            raise kind.invalid
        payload = jwt.decode(
            token,
            key,
            [ALGORITHM],
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            # The clock of another server may be ahead.
            options={"require": ["iss", "aud", "iat", "exp", "sub"], "verify_iat": False},
        )
        return kind.model_validate(payload)
    except (jwt.InvalidTokenError, ValueError) as error:
        raise kind.invalid from error


def key_id(key: str) -> str:
    """Return the `kid` of a key, which tells nothing about a random key."""
    return sha256(key.encode()).hexdigest()[:16]
