"""Modules are first imported inside a request."""

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    pass
