"""A password that is an ordinary word is printed in an f-string."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()


class Login(BaseModel):
    email: str
    password: str


@router.post("/trap")
async def trap(form: Login) -> None:
    print(f"login of {form.email} with {form.password}")  # <-
