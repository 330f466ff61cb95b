"""Fields that are named much like a password."""

from typing import Any

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap(order: dict[str, Any]) -> Any:
    return order
