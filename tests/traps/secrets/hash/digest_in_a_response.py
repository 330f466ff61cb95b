"""The answer has a digest of the password, which a table of guesses turns back."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Body

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:  # <-
    return {"fingerprint": hashlib.sha256(password.encode()).hexdigest()}
