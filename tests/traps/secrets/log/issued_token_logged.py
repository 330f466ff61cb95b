"""The log has the token that a login has just been given."""

import logging
from typing import Annotated, Any

import jwt
from fastapi import APIRouter, Body

SAYS = "POST /trap logged a token that lets its owner in (logger `app.tokens`, DEBUG)"
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    token = jwt.encode({"sub": "ada"}, "k" * 32, "HS256")
    logging.getLogger("app.tokens").debug("issued %s", token)  # <-
    return {"access_token": token}
