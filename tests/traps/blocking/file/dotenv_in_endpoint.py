"""An .env file is read at each request."""

from dotenv import dotenv_values
from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    dotenv_values(".env")  # <-
