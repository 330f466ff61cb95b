import asyncio
import csv
import io
import logging
import threading
import time
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Request, UploadFile
from fastapi.responses import PlainTextResponse
from fastapi.websockets import WebSocket

from inventory.config import config
from inventory.test_plans import plan_for

log = logging.getLogger("inventory")


class Rates:
    """Exchange rates that a task keeps fresh."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.lock = threading.Lock()
        self.refreshed = 0

    async def keep_fresh(self) -> None:
        while True:
            with self.lock:
                self.values = dict(config.currencies)
            self.refreshed += 1
            await asyncio.sleep(config.refresh)


@asynccontextmanager
async def lifespan(app: FastAPI):
    rates = Rates()
    task = asyncio.create_task(rates.keep_fresh())
    yield {"rates": rates, "items": {}}
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


app = FastAPI(lifespan=lifespan)


@app.exception_handler(ZeroDivisionError)
async def nonsense(request: Request, error: ZeroDivisionError):
    return PlainTextResponse("nonsense", status_code=500)


def authenticated(authorization: Annotated[str | None, Header()] = None) -> str:
    time.sleep(0.002)
    if authorization != "Bearer letmein":
        raise HTTPException(401)
    return "ada"


User = Annotated[str, Depends(authenticated)]


@app.get("/items")
def items(request: Request) -> dict[str, float]:
    time.sleep(0.01)
    return request.state.items


@app.put("/items/{name}")
def put(name: str, price: float, request: Request, user: User, background: BackgroundTasks):
    request.state.items[name] = price
    background.add_task(log.info, "%s set %s", user, name)
    return {"name": name}


@app.get("/items/{name}")
async def get(name: str, request: Request, currency: str = "EUR"):
    items, rates = request.state.items, request.state.rates
    if name not in items:
        raise HTTPException(404)
    return {"price": items[name] * rates.values[currency]}


@app.get("/plans/{item}")
async def plan(item: str):
    return await plan_for(item)


@app.post("/import")
async def import_csv(file: UploadFile, request: Request, user: User) -> int:
    text = (await file.read()).decode()
    rows = await asyncio.to_thread(lambda: list(csv.reader(io.StringIO(text))))
    request.state.items.update({name: float(price) for name, price in rows})
    return len(rows)


@app.get("/ratio")
def ratio(a: float, b: float) -> float:
    return a / b


@app.websocket("/ticker")
async def ticker(websocket: WebSocket):
    await websocket.accept()
    for _ in range(3):
        await websocket.send_json(websocket.state.rates.values)
        await asyncio.sleep(0)
    await websocket.close()
