"""Limits how many passwords a client can try and emails it can ask for, in all processes together.

Wrong passwords are counted for an account from one address, for an address, and for an account.
Where an account has logged in in the last 30 days, only the first of the three counts, so that
nobody locks its owner out from elsewhere (NIST SP 800-63B, 3.2.2). Emails are counted for an
account and for an address. An account that does not exist is counted like one that does.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from sqlalchemy import case, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import LoginCounter
from app.config import Settings
from app.errors import AccountDisabled, InvalidCredentials, TooManyAttempts, WrongPassword
from app.fields import normal_email
from app.security import hashing_threads

ACCOUNT = "account"
ADDRESS = "address"
PAIR = "account and address"
EMAILS_TO = "emails to account"
EMAILS_FROM = "emails from address"
EMAILS_COUNT_FOR = timedelta(hours=1)
KNOWN = "known"
"""The kind of a row that remembers where an account has logged in."""
LOGIN = (ACCOUNT, ADDRESS, PAIR, KNOWN)
EMAIL = (EMAILS_TO, EMAILS_FROM)
KNOWN_FOR = timedelta(days=30)

PRIMARY_KEY = (LoginCounter.kind, LoginCounter.key)
is_over = LoginCounter.expires_at <= func.now()


class Throttle:
    """Counts the wrong passwords and the emails of one address. It is for routers: it commits."""

    def __init__(self, session: AsyncSession, settings: Settings, host: str) -> None:
        """Count for the host of a client, which is empty on a Unix socket."""
        self._session = session
        self._address = network_of(host)
        # The order in which counters are locked, so that two requests never wait for each other.
        self._limits = {
            ACCOUNT: settings.failed_logins_per_account,
            ADDRESS: settings.failed_logins_per_address,
            PAIR: settings.failed_logins,
            EMAILS_TO: settings.emails_per_account,
            EMAILS_FROM: settings.emails_per_address,
        }
        self._lifetime = timedelta(minutes=settings.failed_login_minutes)

    @asynccontextmanager
    async def attempt(self, email: str) -> AsyncIterator[None]:
        """Surround the check of an account's password, and what is written after it.

        A wrong password is counted and committed. A right one resets the counter of this account
        and address. Simultaneous attempts get no more answers than one after another would.

        Raises:
            Busy: Too many requests check a password.
            TooManyAttempts: There were too many wrong passwords before.
        """
        keys = self._keys(LOGIN, email)
        with hashing_threads.attempt():
            await self._refuse_if_too_many(keys)
            try:
                yield
            except (InvalidCredentials, WrongPassword):
                await self._count(keys, self._lifetime)
                await self._refuse_if_too_many(keys, counted=1)
                await self._session.commit()
                raise
            except AccountDisabled:
                await self._refuse_if_too_many(keys)
                raise
            await self._refuse_if_too_many(keys)
            await self._succeed(keys)

    async def count_email(self, email: str) -> None:
        """Count an email that is to be sent to an account, and commit.

        Raises:
            TooManyAttempts: There were too many in the last hour.
        """
        keys = self._keys(EMAIL, email)
        await self._count(keys, EMAILS_COUNT_FOR)
        await self._refuse_if_too_many(keys, counted=1)
        await self._session.commit()

    def _keys(self, kinds: Iterable[str], email: str) -> dict[str, Any]:
        # As hashes: people type passwords into the field for the email. They are in the form
        # in which an account is looked up.
        account = func.lower(normal_email(email))
        parts: dict[str, list[Any]] = {
            ACCOUNT: [account],
            ADDRESS: [self._address],
            PAIR: [account, self._address],
            KNOWN: [account, self._address],
            EMAILS_TO: [account],
            EMAILS_FROM: [self._address],
        }
        return {
            kind: func.sha256(func.convert_to(func.concat_ws("|", *parts[kind]), "UTF8"))
            for kind in kinds
        }

    async def _refuse_if_too_many(self, keys: dict[str, Any], *, counted: int = 0) -> None:
        seconds = func.ceil(func.extract("epoch", LoginCounter.expires_at - func.now()))
        rows = await self._session.execute(
            select(LoginCounter.kind, LoginCounter.failures, seconds).where(
                tuple_(*PRIMARY_KEY).in_([tuple_(*item) for item in keys.items()]), ~is_over
            )
        )
        found = {kind: (failures - counted, int(rest)) for kind, failures, rest in rows}
        limits = self._limits
        if KNOWN in found:
            limits = {PAIR: limits[PAIR]}
        waits = [
            found[kind][1] for kind in limits if kind in found and found[kind][0] >= limits[kind]
        ]
        if waits:
            raise TooManyAttempts(retry_after=max(waits))

    async def _count(self, keys: dict[str, Any], lifetime: timedelta) -> None:
        ends = func.now() + lifetime
        first = insert(LoginCounter).values(
            [
                {"kind": kind, "key": keys[kind], "failures": 1, "expires_at": ends}
                for kind in self._limits
                if kind in keys
            ]
        )
        await self._session.execute(
            first.on_conflict_do_update(
                index_elements=PRIMARY_KEY,
                set_={
                    "failures": case((is_over, 1), else_=LoginCounter.failures + 1),
                    "expires_at": case((is_over, ends), else_=LoginCounter.expires_at),
                },
            )
        )
        await self._delete_expired()

    async def _succeed(self, keys: dict[str, Any]) -> None:
        await self._session.execute(
            delete(LoginCounter).where(LoginCounter.kind == PAIR, LoginCounter.key == keys[PAIR])
        )
        ends = func.now() + KNOWN_FOR
        known = insert(LoginCounter).values(
            kind=KNOWN, key=keys[KNOWN], failures=0, expires_at=ends
        )
        await self._session.execute(
            known.on_conflict_do_update(index_elements=PRIMARY_KEY, set_={"expires_at": ends})
        )
        await self._delete_expired()

    async def _delete_expired(self) -> None:
        # Last, and without waiting: another request may lock its counters in another order.
        expired = select(*PRIMARY_KEY).where(is_over).limit(100).with_for_update(skip_locked=True)
        await self._session.execute(delete(LoginCounter).where(tuple_(*PRIMARY_KEY).in_(expired)))


def network_of(host: str) -> str:
    """Return what counts as one address: a customer gets a whole /64 of IPv6 (RFC 6177)."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))
