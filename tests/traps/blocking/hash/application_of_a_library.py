"""An application of a library, below a path, hashes a password."""

from fastapi import FastAPI

import trap_accounts

TEST = "own_app"


def make_app() -> FastAPI:
    app = FastAPI()
    app.mount("/terms", trap_accounts.get_terms_router())
    app.mount("/", trap_accounts.make_app())  # <-
    return app
