"""The payload of a token holds the password, which is Base64 and no secret."""

from typing import Annotated, Any

import jwt
from fastapi import APIRouter, Body

SAYS = "POST /trap returned 200 with the submitted password in `access_token`"
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:  # <-
    claims = {"sub": "ada", "form": {"password": password}}
    return {"access_token": jwt.encode(claims, "k" * 32, "HS256")}
