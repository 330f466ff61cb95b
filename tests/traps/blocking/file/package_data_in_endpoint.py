"""Package data is read by pkgutil."""

import pkgutil

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    pkgutil.get_data("app", "main.py")  # <-
