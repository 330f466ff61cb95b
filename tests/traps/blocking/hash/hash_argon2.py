"""A password is hashed by argon2-cffi."""

from argon2 import PasswordHasher
from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x")  # <-
