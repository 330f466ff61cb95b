"""Settings, read from the environment and from `.env`."""

import re
import tomllib
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PostgresDsn,
    Secret,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


class InvalidSettings(SystemExit):
    """A setting is missing or invalid. Ends the command with one line that names it."""

    def __init__(self, problems: str) -> None:
        super().__init__(
            f"Invalid settings: {problems}. Set them in the environment or in .env "
            "(.env.example shows how)."
        )


def _words(value: Any) -> Any:
    return value.replace(",", " ").split() if isinstance(value, str) else value


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


Item = TypeVar("Item")
# A list is written with commas.
Listed = Annotated[tuple[Item, ...], NoDecode, BeforeValidator(_words)]
Host = Annotated[
    str,
    _like(r"\*|(\*\.)?[\w.-]+|\[[\da-fA-F:.]+\]", "a host without a port, *.example.com or *"),
]
Origin = Annotated[
    str, _like(r"\*|[a-z][a-z+.-]*://[^/?#\s*]+", "https://app.example.com, without a path, or *")
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


class DatabaseSettings(CommonSettings):
    """The settings that migrations need."""

    database_url: str

    @field_validator("database_url")
    @classmethod
    def use_asyncpg(cls, value: str) -> str:
        """Accept the URL as hosting providers write it, and name the driver in it."""
        TypeAdapter(PostgresDsn).validate_python(value)
        # SQLAlchemy accepts only one port, and takes all that follows the first @ for the host.
        with suppress(ArgumentError, ValueError):
            if "@" not in (make_url(value).host or ""):
                address = value.split("://", 1)[1]
                # asyncpg and libpq name this option differently.
                return "postgresql+asyncpg://" + re.sub(r"(?<=[?&])sslmode=", "ssl=", address)
        raise PydanticCustomError(
            "url",
            "Input should be a valid database URL, postgresql://USER:PASSWORD@HOST:PORT/NAME, "
            "with any @ in the password written as %40",
        )


class Settings(DatabaseSettings, LogSettings):
    """The settings that the application needs."""

    secret_key: Secret[Annotated[str, Field(min_length=32)]]
    access_token_minutes: int = Field(default=30, gt=0)
    docs: bool = True
    """Whether /docs, /redoc and /openapi.json are served."""
    trusted_hosts: Listed[Host] = ("*",)
    """What a Host header may name: host names without port, `*.example.com`, or `*` for all."""
    cors_origins: Listed[Origin] = ()
    """The sites whose scripts may call the app, such as `https://app.example.com`."""
    forwarded_allow_ips: Listed[Address] = ("127.0.0.1", "::1")
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, networks."""
    shutdown_delay_seconds: float = Field(default=2, ge=0)
    """How long requests are still accepted after SIGTERM, while `/health/ready` is 503."""


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
