from functools import lru_cache

from pydantic import PostgresDsn
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="BOOKINGS_", env_file=".env")

    database_dsn: PostgresDsn = PostgresDsn("postgresql+asyncpg://app:app@db.internal/bookings")
    seats: int = 2


@lru_cache
def get_settings() -> Settings:
    return Settings()
