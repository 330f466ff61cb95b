"""The settings look for their file at each request."""

from fastapi import APIRouter
from pydantic_settings import BaseSettings, SettingsConfigDict

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_file="nowhere.env")

    Settings()  # <-
