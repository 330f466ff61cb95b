"""The outermost layer raises, and nothing answers."""

from typing import Any

from fastapi import APIRouter, FastAPI

TEST = "own_app"

router = APIRouter()


class Backend(FastAPI):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            raise LookupError("no such tenant")  # <-
        await super().__call__(scope, receive, send)


def make_app() -> FastAPI:
    app = Backend()
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None:
    pass
