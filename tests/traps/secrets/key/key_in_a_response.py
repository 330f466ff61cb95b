"""A page for developers shows the constants of the module, and among them the key."""

from typing import Any

from fastapi import APIRouter

SAYS = "POST /trap returned 200 with a key of the application in the body"
router = APIRouter()

JWT_SECRET = "09d25e094faa6ca2556c818166b7a956"


@router.post("/trap")
async def trap() -> Any:  # <-
    return {"constants": {"JWT_SECRET": JWT_SECRET}}
