"""A factory that is a coroutine sends a request."""

import urllib.request

from fastapi import FastAPI


async def make_app(url: str) -> FastAPI:
    app = FastAPI()
    urllib.request.urlopen(url).close()  # <-
    return app
