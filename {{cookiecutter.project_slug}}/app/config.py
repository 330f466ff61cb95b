"""Settings, read from the environment and from `.env`."""

import math
import re
import tomllib
from collections import Counter
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    Field,
    PostgresDsn,
    Secret,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.database_url import normalize

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


class InvalidSettings(SystemExit):
    """A setting is missing or invalid. Ends the command with one line that names it."""

    def __init__(self, problems: str) -> None:
        super().__init__(
            f"Invalid settings: {problems}. Set them in the environment or in .env "
            "(.env.example shows how)."
        )


PLACEHOLDER = re.compile("change.?(me|this)|your.?secret|example|insecure", re.IGNORECASE)


def not_guessable(key: str) -> str:
    """Refuse a key that repeats itself, is a sequence, or comes from an example."""
    steps = [ord(after) - ord(before) for before, after in pairwise(key)]
    shares = [count / len(key) for count in Counter(key).values()]
    bits = len(set(pairwise(steps))) * -sum(share * math.log2(share) for share in shares)
    # 32 random hexadecimal digits have 74 or more by this estimate.
    if bits < 64 or PLACEHOLDER.search(key):
        raise PydanticCustomError("guessable", "Input can be guessed, and should be random")
    return key


SecretKey = Annotated[str, Field(min_length=32), AfterValidator(not_guessable)]


# Infinity is no number of seconds for PostgreSQL, and neither is what exceeds its integers.
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Limits(BaseModel):
    """How long the app waits for the database, and with how many connections."""

    database_pool_size: int = Field(default=10, gt=0)
    """Connections that a process keeps open."""
    database_max_overflow: int = Field(default=5, ge=0)
    """Connections that it opens beyond those, while it needs them."""
    database_pool_timeout: Seconds = 5
    """Seconds that a request waits for a connection when all are in use."""
    database_connect_timeout: Seconds = 5
    """Seconds until a new connection is open, unless the URL has a `connect_timeout`."""
    database_statement_timeout: Seconds = 10
    """Seconds that a statement may take."""
    database_lock_timeout: Seconds = 3
    """Seconds that a statement may wait for a lock."""
    database_idle_timeout: Seconds = 30
    """Seconds that a transaction may wait for its next statement."""

    def as_sql(self) -> str:
        """Return the statements that limit a transaction."""
        limits = {
            "statement_timeout": self.database_statement_timeout,
            "lock_timeout": self.database_lock_timeout,
            "idle_in_transaction_session_timeout": self.database_idle_timeout,
        }
        return "".join(f"SET LOCAL {name} = {math.ceil(1000 * s)};" for name, s in limits.items())


def _split_at_commas(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [word.strip() for word in value.split(",") if word.strip()]


def _like(pattern: str, expected: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise PydanticCustomError("form", f"Input should be {expected}")
        return value

    return AfterValidator(check)


def _address(value: str) -> str:
    try:
        if value != "*":
            ip_network(value)
    except ValueError:
        raise PydanticCustomError("address", "Input should be an address, a network or *") from None
    return value


def _not_empty(hosts: tuple[str, ...]) -> tuple[str, ...]:
    if not hosts:
        raise PydanticCustomError("empty", "Input should name a host, or be * for all")
    return hosts


Item = TypeVar("Item")
# A list is written with commas.
Listed = Annotated[tuple[Item, ...], NoDecode, BeforeValidator(_split_at_commas)]
Host = Annotated[
    str,
    _like(r"\*|(\*\.)?[\w.-]+|\[[\da-fA-F:.]+\]", "a host without a port, *.example.com or *"),
]
Origin = Annotated[
    str,
    _like(
        r"\*|[a-z][a-z+.-]*://[^/?#\s*A-Z]+",
        "https://app.example.com, in lower case and without a path, or *",
    ),
]
Address = Annotated[str, AfterValidator(_address)]


class CommonSettings(BaseSettings):
    """Where all settings are read from."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )


class LogSettings(CommonSettings):
    """The settings of the logs, which are needed before all others."""

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)
    ] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto` is `console` in a terminal, and else `json`."""


class MigrationSettings(CommonSettings):
    """The settings of migrations on whichever database."""

    migration_lock_timeout: Seconds = 5
    """Seconds that a migration waits for a lock on a table, while other queries wait behind it."""


class DatabaseSettings(Limits, MigrationSettings):
    """The settings that migrations need."""

    database_url: str

    @field_validator("database_url")
    @classmethod
    def use_asyncpg(cls, value: str) -> str:
        """Accept the URL as hosting providers write it, and name the driver in it."""
        # In a URL of libpq, an option may name the host instead.
        has_host = "@/" not in value or "host=" not in value
        TypeAdapter(PostgresDsn).validate_python(
            value if has_host else value.replace("@/", "@localhost/", 1)
        )
        try:
            return normalize(value)
        except ValueError as error:
            raise PydanticCustomError("url", "{reason}", {"reason": str(error)}) from None


class Settings(DatabaseSettings, LogSettings):
    """The settings that the application needs."""

    database_read_url: str = ""
    """A replica for what only reads. Empty: the server of `database_url`."""

    secret_key: Secret[SecretKey]
    """Signs the tokens."""
    previous_secret_keys: Listed[Secret[SecretKey]] = ()
    """Accepted for tokens that were signed before a change of SECRET_KEY; separated by commas."""
    token_issuer: str = Field(default=PYPROJECT["project"]["name"], min_length=1)
    """Who signs the tokens: their `iss`."""
    token_audience: str = Field(default=PYPROJECT["project"]["name"], min_length=1)
    """Whom the tokens are for: their `aud`."""
    access_token_minutes: int = Field(default=15, gt=0, le=24 * 60)
    """How long an access token is valid."""
    refresh_token_days: int = Field(default=30, gt=0, le=366)
    """How long a login lasts, however often its token is refreshed."""
    email_token_minutes: int = Field(default=60, gt=0, le=7 * 24 * 60)
    """How long a token that was sent by email is valid."""
    email_to_log: bool = False
    """Write emails to the log, with the tokens in them. For development only."""

    password_hashes_at_once: int = Field(default=2, gt=0)
    """How many passwords each process hashes at once, which takes 64 MiB each."""
    password_hashes_waiting: int = Field(default=50, ge=0)
    """How many more may wait for that. The next one gets 503."""

    failed_logins: int = Field(default=10, gt=0)
    """How many wrong passwords an account may get from one address. The next one gets 429."""
    failed_logins_per_address: int = Field(default=100, gt=0)
    """The same for all accounts from one address."""
    failed_logins_per_account: int = Field(default=100, gt=0)
    """The same for an account from all addresses where it has not logged in before."""
    failed_login_minutes: int = Field(default=15, gt=0, le=7 * 24 * 60)
    """How long after the first of them they are counted."""
    emails_per_account: int = Field(default=5, gt=0)
    """How many emails with a token may be asked for in an hour. The next request gets 429."""
    emails_per_address: int = Field(default=50, gt=0)
    """The same for all accounts from one address."""

    max_body_size: ByteSize = Field(default=ByteSize(1_000_000), gt=0)
    """The largest request body, such as 500kB or 1MB; `@max_body_size` gives a route its own."""

    docs: bool = True
    """Whether /docs, /redoc and /openapi.json are served."""
    trusted_hosts: Annotated[Listed[Host], AfterValidator(_not_empty)] = ("*",)
    """What a Host header may name: host names without port, `*.example.com`, or `*` for all."""
    cors_origins: Listed[Origin] = ()
    """The sites whose scripts may call the app, such as `https://app.example.com`."""
    forwarded_allow_ips: Listed[Address] = ("127.0.0.1", "::1")
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, networks."""
    shutdown_delay_seconds: float = Field(default=2, ge=0, le=86_400)
    """How long requests are still accepted after SIGTERM, while `/health/ready` is 503."""

    @field_validator("database_read_url")
    @classmethod
    def use_asyncpg_for_reads(cls, value: str) -> str:
        return value and cls.use_asyncpg(value)


AnySettings = TypeVar("AnySettings", bound=CommonSettings)


def load_settings(kind: type[AnySettings]) -> AnySettings:
    """Read the settings.

    Raises:
        InvalidSettings: A setting is missing or invalid.
    """
    try:
        return kind()
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise InvalidSettings("; ".join(problems)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f".env cannot be read: {error}") from None
