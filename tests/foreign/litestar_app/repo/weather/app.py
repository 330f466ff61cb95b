import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

from litestar import Controller, Litestar, MediaType, Request, Response, WebSocket, get, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.middleware import ASGIMiddleware
from litestar.stores.memory import MemoryStore
from litestar.types import ASGIApp, Receive, Scope, Send

from weather.service import Reading, Stations

logger = logging.getLogger("weather")


class Timing(ASGIMiddleware):
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        begin = time.monotonic()
        await next_app(scope, receive, send)
        logger.info("%s took %.4f s", scope["path"], time.monotonic() - begin)


async def provide_stations(state: State) -> Stations:
    return state.stations


async def audit(reading: Reading) -> None:
    await asyncio.sleep(0.001)
    logger.info("audit %s", reading)


class ReadingController(Controller):
    path = "/stations/{station:str}"

    @post("/readings")
    async def add(self, station: str, data: dict[str, float], stations: Stations) -> Response[str]:
        reading = Reading(station, data["celsius"])
        await stations.add(reading)
        return Response("accepted", status_code=202, background=BackgroundTask(audit, reading))

    @get("/mean", cache=1)
    async def mean(self, station: str, stations: Stations) -> dict[str, float]:
        try:
            return {"mean": await stations.mean(station)}
        except KeyError:
            raise NotFoundException(f"no station {station}") from None


@get("/", media_type=MediaType.TEXT, sync_to_thread=False)
def index() -> str:
    return "weather"


@get("/export", sync_to_thread=True)
def export(stations: Stations) -> dict[str, Any]:
    time.sleep(0.01)
    return dict(stations.readings)


@get("/forecast")
async def forecast(days: int = 1) -> list[int]:
    # stands for a slow model
    await asyncio.sleep(0.06)
    return list(range(days))


@get("/broken")
async def broken() -> None:
    raise RuntimeError("sensor broken")


@websocket("/live")
async def live(socket: WebSocket[Any, Any, State], stations: Stations) -> None:
    await socket.accept()
    async for message in socket.iter_json():
        await stations.add(Reading(message["station"], message["celsius"]))
        await socket.send_json({"mean": await stations.mean(message["station"])})


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    logger.exception("failed")
    return Response({"detail": "internal"}, status_code=500)


@asynccontextmanager
async def worker(app: Litestar) -> AsyncGenerator[None, None]:
    app.state.stations = stations = Stations()
    task = asyncio.create_task(stations.work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def create_app(**options: Any) -> Litestar:
    return Litestar(
        [index, export, forecast, broken, live, ReadingController, *options.pop("handlers", [])],
        lifespan=[worker],
        dependencies={"stations": Provide(provide_stations)},
        middleware=[Timing()],
        exception_handlers={RuntimeError: on_error},
        stores={"response_cache": MemoryStore()},
        **options,
    )
