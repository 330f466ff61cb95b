import asyncio
import os
import time
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


async def names(request):
    return JSONResponse(sorted(os.listdir(Path(__file__).parent)))  # <- blocking.file


async def slow(request):
    begin = time.thread_time()
    while time.thread_time() - begin < 0.25:  # <- slow.cpu
        pass
    return PlainTextResponse("done")


async def hanging(request):
    event = anyio.Event()
    await event.wait()  # <- requests.hang
    return PlainTextResponse("never")


async def poll():
    while True:
        await asyncio.sleep(0.01)


async def subscribe(request):
    request.app.state.poller = asyncio.get_running_loop().create_task(poll())  # <- tasks.leaked
    return PlainTextResponse("subscribed")


class Limit:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        time.sleep(0.001)  # <- blocking.sleep
        await self.app(scope, receive, send)


routes = [Route("/names", names), Route("/slow", slow), Route("/hang", hanging)]
routes += [Route("/subscribe", subscribe)]
app = Starlette(routes=routes)
limited = Starlette(routes=[Route("/", lambda request: PlainTextResponse("hi"))],
                    middleware=[Middleware(Limit)])
