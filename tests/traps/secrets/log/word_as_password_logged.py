"""A password that is an ordinary word is given to the log."""

import logging

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()


class Login(BaseModel):
    email: str
    password: str


@router.post("/trap")
async def trap(form: Login) -> None:
    logging.getLogger("app.word").info("login of %s with %s", form.email, form.password)  # <-
