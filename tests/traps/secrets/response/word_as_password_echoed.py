"""A password that is an ordinary word goes back to the client, under its name."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()


class Account(BaseModel):
    email: str
    password: str


class Form(BaseModel):
    account: Account


@router.post("/trap")
async def trap(form: Form) -> Any:  # <-
    return form
