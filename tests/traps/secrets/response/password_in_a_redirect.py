"""The password is in the Location of a redirect."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Response

SAYS = "POST /trap returned 200 with the submitted password in the header `location`"

router = APIRouter()


@router.post("/trap")
async def trap(response: Response, password: Annotated[str, Body(embed=True)]) -> None:  # <-
    response.headers["Location"] = "/login?" + urlencode({"password": password})
