"""The migrations are read at each request."""

from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    ScriptDirectory.from_config(Config("alembic.ini"))  # <-
