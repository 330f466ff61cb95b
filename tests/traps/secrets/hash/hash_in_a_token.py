"""The payload of a token holds the user's row, with the hash."""

from typing import Annotated, Any

import jwt
from fastapi import APIRouter, Body

from app.security import hash_password

SAYS = "POST /trap returned 200 with a password hash in the body"
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:  # <-
    claims = {"sub": "ada", "password_hash": await hash_password(password)}
    return {"access_token": jwt.encode(claims, "k" * 32, "HS256")}
