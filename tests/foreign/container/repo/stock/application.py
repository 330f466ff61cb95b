import os

from fastapi import FastAPI

from stock import endpoints
from stock.containers import Container


def create_app() -> FastAPI:
    container = Container()
    container.config.database.url.from_value(os.environ["STOCK_DATABASE_URL"])
    app = FastAPI()
    app.container = container
    app.include_router(endpoints.router)
    return app


app = create_app()
