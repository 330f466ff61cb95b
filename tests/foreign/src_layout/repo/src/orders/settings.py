from functools import lru_cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERS_", env_file=ROOT / ".env", extra="ignore")

    stock_url: str = "http://stock.internal"
    mail_sender: str = "shop@example.com"
    template_dir: Path = Path(__file__).parent / "templates"
    max_parallel: int = 4


@lru_cache
def get_settings() -> Settings:
    return Settings()
