"""A coroutine is not awaited."""

from fastapi import APIRouter

router = APIRouter()


async def save() -> None: ...


@router.post("/trap")
async def trap() -> None:
    save()  # type: ignore[unused-coroutine]  # <-
