"""A password is hashed at the cost of production."""

from fastapi import APIRouter

from app.security import password_context

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    password_context.using(argon2__time_cost=3).hash("x")  # <-
