"""A resource of the package is read."""

import importlib.resources

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    (importlib.resources.files("app") / "main.py").read_text()  # <-
