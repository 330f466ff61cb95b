"""The answer holds a password hash."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from app.security import hash_password

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:  # <-
    return {"hash": await hash_password(password)}
