"""A password that is a short number is a field of a log record."""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import OAuth2PasswordRequestForm

router = APIRouter()


@router.post("/trap")
async def trap(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> None:
    logging.getLogger("app.number").warning("login", extra={"password": form.password})  # <-
