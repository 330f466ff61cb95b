"""A header holds a password hash."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app.security import hash_password

router = APIRouter()


@router.post("/trap")
async def trap(response: Response, password: Annotated[str, Body(embed=True)]) -> None:  # <-
    response.headers["X-Hash"] = await hash_password(password)
