"""A password is checked."""

from fastapi import APIRouter

from app.security import password_context

router = APIRouter()

HASH = password_context.hash("x")


@router.post("/trap")
async def trap() -> None:
    password_context.verify("x", HASH)  # <-
