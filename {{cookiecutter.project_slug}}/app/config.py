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


class MigrationSettings(BaseSettings):
    """The settings of migrations on whichever database."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    migration_lock_timeout: float = Field(default=5, gt=0, le=86_400)
    """Seconds that a migration waits for a lock on a table, while other queries wait behind it."""


class DatabaseSettings(MigrationSettings):
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


class Settings(DatabaseSettings):
    """The settings that the application needs."""

    database_read_url: str = ""
    """A replica for what only reads. Empty: the server of `database_url`."""
    secret_key: Secret[Annotated[str, Field(min_length=32)]]
    access_token_minutes: int = Field(default=30, gt=0)

    @field_validator("database_read_url")
    @classmethod
    def use_asyncpg_for_reads(cls, value: str) -> str:
        return value and cls.use_asyncpg(value)


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


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
