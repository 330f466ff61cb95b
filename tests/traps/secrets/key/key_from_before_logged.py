"""The log has a key that only checks tokens from before, one of a list of the settings."""

import logging
from typing import Any

from fastapi import APIRouter
from pydantic import SecretStr
from pydantic_settings import BaseSettings

SAYS = "POST /trap logged a key of the application (logger `app.settings`, INFO)"
router = APIRouter()


class TokenSettings(BaseSettings):
    checked_with: list[SecretStr] = [SecretStr("09d25e094faa6ca2556c818166b7a9563b93f709")]


settings = TokenSettings()


@router.post("/trap")
async def trap() -> Any:
    keys = [key.get_secret_value() for key in settings.checked_with]
    logging.getLogger("app.settings").info("tokens are checked with %s", keys)  # <-
    return None
