"""A dependency of a library hashes a password."""

from typing import Annotated

from fastapi import APIRouter, Depends

import trap_accounts

router = APIRouter()


@router.post("/trap")
async def trap(user: Annotated[str, Depends(trap_accounts.current_user)]) -> str:  # <-
    return user
