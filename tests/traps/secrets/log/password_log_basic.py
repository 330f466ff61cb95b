"""The credentials of HTTP Basic are logged."""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBasic, HTTPBasicCredentials

router = APIRouter()


@router.post("/trap")
async def trap(login: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> None:
    logging.getLogger("app").warning("%s", login)  # <-
