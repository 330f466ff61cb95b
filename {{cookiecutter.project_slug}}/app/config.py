"""Settings, read from the environment and from `.env`."""

import re
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, PostgresDsn, Secret, TypeAdapter, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
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


class DatabaseSettings(BaseSettings):
    """The settings that migrations need."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

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


class Settings(DatabaseSettings):
    """The settings that the application needs."""

    secret_key: Secret[Annotated[str, Field(min_length=32)]]
    access_token_minutes: int = Field(default=30, gt=0)

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
    failed_login_minutes: int = Field(default=15, gt=0)
    """How long after the first of them they are counted."""


AnySettings = TypeVar("AnySettings", bound=DatabaseSettings)


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
