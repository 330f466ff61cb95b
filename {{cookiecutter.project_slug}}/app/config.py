"""Settings, read from the environment and from `.env`."""

import tomllib
from math import ceil
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    Field,
    PostgresDsn,
    Secret,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

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


class Limits(BaseModel):
    """How long the app waits for the database, and with how many connections."""

    database_pool_size: int = Field(default=10, gt=0)
    """Connections that a process keeps open."""
    database_max_overflow: int = Field(default=5, ge=0)
    """Connections that it opens beyond those, while it needs them."""
    database_pool_timeout: float = Field(default=5, gt=0)
    """Seconds that a request waits for a connection when all are in use."""
    database_connect_timeout: float = Field(default=5, gt=0)
    """Seconds until a new connection is open, unless the URL has a `connect_timeout`."""
    database_statement_timeout: float = Field(default=10, gt=0)
    """Seconds that a statement may take."""
    database_lock_timeout: float = Field(default=3, gt=0)
    """Seconds that a statement may wait for a lock."""
    database_idle_timeout: float = Field(default=30, gt=0)
    """Seconds that a transaction may wait for its next statement."""

    def as_sql(self) -> str:
        """Return the statements that limit a transaction."""
        limits = {
            "statement_timeout": self.database_statement_timeout,
            "lock_timeout": self.database_lock_timeout,
            "idle_in_transaction_session_timeout": self.database_idle_timeout,
        }
        return "".join(f"SET LOCAL {name} = {ceil(1000 * s)};" for name, s in limits.items())


class MigrationSettings(BaseSettings):
    """The settings of migrations on whichever database."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    migration_lock_timeout: float = Field(default=5, gt=0, le=86_400)
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
