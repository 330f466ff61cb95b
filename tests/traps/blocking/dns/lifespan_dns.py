"""The lifespan looks up a host name."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

TEST = "in_a_fixture"

router = APIRouter()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    socket.getaddrinfo("localhost", 80)  # <-
    yield


def make_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None:
    pass
