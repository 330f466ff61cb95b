"""A password is hashed at the cost of tests."""

from fastapi import APIRouter

from app.security import password_context

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    password_context.hash("x")  # <-
