"""A dependency reads the settings at each request."""

from fastapi import APIRouter, Depends
from pydantic_settings import BaseSettings, SettingsConfigDict

router = APIRouter()


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")


async def get_settings() -> Settings:
    return Settings()  # <-


@router.post("/trap", dependencies=[Depends(get_settings)])
async def trap() -> None: ...
