"""A hash costs more CPU time than a callback may use: it is told once."""

import hashlib

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> str:
    return hashlib.pbkdf2_hmac("sha512", b"a", b"salt", 400_000).hex()  # <-
