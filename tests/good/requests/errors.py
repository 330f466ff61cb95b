"""Answers of 404, 409 and 422."""

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap(number: int) -> None:
    from app.errors import EmailTaken

    raise EmailTaken
