"""The answer to an invalid request repeats the password."""

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

router = APIRouter()


class Registration(BaseModel):
    password: int


def make_app() -> FastAPI:
    app = FastAPI()
    app.include_router(router)
    return app


@router.post("/trap")
async def trap(registration: Registration) -> None:  # <-
    pass
