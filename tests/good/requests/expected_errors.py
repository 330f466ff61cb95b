"""Failures that the test asserts, catches or makes itself."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

router = APIRouter()


class Mailer:
    def send(self) -> None:
        pass


mailer = Mailer()


@router.get("/full")
async def full() -> Any:
    return JSONResponse({}, status_code=503)


@router.get("/broken")
async def broken() -> str:
    return dict[str, str]()["missing"]


@router.get("/mail")
async def mail() -> None:
    mailer.send()
