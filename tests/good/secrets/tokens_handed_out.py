"""A login gives out a token, in the body and in a cookie, and logs whom it let in."""

import logging
from typing import Annotated, Any

import jwt
from fastapi import APIRouter, Body, Request, Response

router = APIRouter()


@router.post("/trap")
async def trap(
    request: Request, response: Response, password: Annotated[str, Body(embed=True)]
) -> Any:
    key = request.app.state.settings.secret_key.get_secret_value()
    token = jwt.encode({"sub": "ada"}, key, "HS256")
    response.set_cookie("session", token)
    logging.getLogger("app.login").info("ada has %s letters", len(password))
    logging.getLogger("app.login").info("settings: %r", request.app.state.settings)
    return {"access_token": token, "token_type": "bearer"}
