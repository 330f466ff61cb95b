"""A middleware sleeps."""

import time
from typing import Any

from fastapi import APIRouter, FastAPI, Request

TEST = "own_app"

router = APIRouter()


def make_app() -> FastAPI:
    app = FastAPI()
    app.include_router(router)

    @app.middleware("http")
    async def slow_down(request: Request, call_next: Any) -> Any:
        time.sleep(0.01)  # <-
        return await call_next(request)

    return app


@router.post("/trap")
async def trap() -> None:
    pass
