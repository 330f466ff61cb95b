"""The factory sleeps."""

import time

from fastapi import APIRouter, FastAPI

TEST = "in_a_fixture"

router = APIRouter()


def make_app() -> FastAPI:
    app = FastAPI()
    app.include_router(router)
    time.sleep(0.005)  # <-
    return app


@router.post("/trap")
async def trap() -> None: ...
