"""PostgreSQL's own form of a password is logged."""

import logging
from typing import Any

from fastapi import APIRouter

SAYS = "POST /trap logged a password hash (logger `app.roles`, INFO)"

router = APIRouter()
SALT, STORED, SERVER = "c2FsdCBvZiBhIHJvbGU=", "c3RvcmVk", "c2VydmVy"


@router.post("/trap")
async def trap() -> Any:
    verifier = f"SCRAM-SHA-256$4096:{SALT}${STORED}:{SERVER}"
    logging.getLogger("app.roles").info("ALTER ROLE reader PASSWORD '%s'", verifier)  # <-
