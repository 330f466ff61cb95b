"""Words and numbers that happen to be a password."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body

router = APIRouter()


def check(password: str) -> str:
    return "ok" if password else "empty"


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    log = logging.getLogger("app.words")
    log.info("password reset of order 1234567")
    log.info("role %s of %s in %s, order %s", "admin", "user", "test", "1234")
    log.info("the secret of a test user: %s", check(password))
    log.warning("abc", extra={"role": "admin", "order": "1234"})
    return {
        "message": "password reset of order 1234567",
        "name": "hunter2",
        "role": "admin",
        "value": "test",
        "body": "secret",
        "kinds": ["user", "abc"],
        "number": "1234",
    }
