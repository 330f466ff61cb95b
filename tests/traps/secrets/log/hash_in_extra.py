"""An error whose arguments hold a password hash goes into the fields of a record."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body

from app.security import hash_password

SAYS = "POST /trap logged a password hash (logger `app.fields`, WARNING)"

router = APIRouter()


class StorageError(Exception):
    pass


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    error = StorageError("ada", await hash_password(password))
    logging.getLogger("app.fields").warning("not stored", extra={"error": error})  # <-
