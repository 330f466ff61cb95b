"""The settings are read at each request, from a file."""

from pathlib import Path

from fastapi import APIRouter
from pydantic_settings import BaseSettings, SettingsConfigDict

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_file=DATA, extra="ignore")

    Settings()  # <-
