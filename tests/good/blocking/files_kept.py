"""What was read is kept."""

import functools
from pathlib import Path

from fastapi import APIRouter
from pydantic_settings import BaseSettings, SettingsConfigDict

TEST = "twice"

router = APIRouter()
DATA = Path(__file__)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=DATA, extra="ignore")


@functools.cache
def settings() -> Settings:
    return Settings()


class Store:
    @functools.cached_property
    def text(self) -> str:
        return read()


def read() -> str:
    return DATA.read_text()


STORE = Store()


@router.post("/trap")
async def trap() -> int:
    return len(STORE.text) if settings() else 0
