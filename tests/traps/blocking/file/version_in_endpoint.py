"""The version of a package is looked up at each request."""

import importlib.metadata

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    importlib.metadata.version("fastapi")  # <-
