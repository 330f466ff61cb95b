"""A password is hashed by bcrypt."""

import bcrypt
from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    bcrypt.hashpw(b"x", bcrypt.gensalt(4))  # <-
