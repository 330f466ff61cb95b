import asyncio
import json
import time

from aiohttp import ClientSession, web

from polls.main import HERE

routes = web.RouteTableDef()


@routes.get("/config")
async def config(request):
    with open(HERE / "config.json") as file:  # <- blocking.file
        return web.json_response(json.load(file))


@routes.get("/nap")
async def nap(request):
    time.sleep(0.01)  # <- blocking.sleep
    return web.Response()


async def notify():
    await asyncio.sleep(30)


@routes.get("/notify")
async def start(request):
    asyncio.ensure_future(notify())  # <- tasks.leaked
    return web.Response()


@routes.get("/unclosed")
async def unclosed(request):
    session = ClientSession()  # <- warnings.unclosed
    return web.Response(text=str(session.closed))


@routes.get("/crash")
async def crash(request):
    raise LookupError("no handler for this")  # <- requests.5xx


@routes.get("/stuck")
async def stuck(request):
    await asyncio.Event().wait()  # <- requests.hang


@routes.post("/login")
async def login(request):  # <- secrets.response
    data = await request.json()
    return web.json_response({"you sent": data})
