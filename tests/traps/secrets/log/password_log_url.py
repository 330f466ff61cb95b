"""A URL with the password is logged."""

import logging

from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/trap")
async def trap(request: Request, password: str) -> None:
    logging.getLogger("app").warning("%s", request.url)  # <-
