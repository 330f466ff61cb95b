"""A factory that is a coroutine sleeps."""

import time

from fastapi import FastAPI


async def make_app() -> FastAPI:
    app = FastAPI()
    time.sleep(0.005)  # <-
    return app
