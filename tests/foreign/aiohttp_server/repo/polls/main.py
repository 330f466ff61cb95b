import asyncio
import contextlib
import json
import logging
import pathlib
import signal

from aiohttp import ClientSession, WSMsgType, web

HERE = pathlib.Path(__file__).parent
log = logging.getLogger(__name__)

votes_key = web.AppKey("votes", dict)
config_key = web.AppKey("config", dict)
queue_key = web.AppKey("queue", asyncio.Queue)
sockets_key = web.AppKey("sockets", set)
client_key = web.AppKey("client", ClientSession)

routes = web.RouteTableDef()


@web.middleware
async def errors(request, handler):
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except KeyError as error:
        return web.json_response({"error": f"no poll {error}"}, status=404)
    except Exception:
        log.exception("failed")
        return web.json_response({"error": "internal"}, status=500)


@routes.get("/")
async def index(request):
    return web.Response(text=request.app[config_key]["title"])


@routes.post("/polls/{poll}/{choice}")
async def vote(request):
    poll = request.app[votes_key][request.match_info["poll"]]
    choice = request.match_info["choice"]
    await request.app[queue_key].put((poll, choice))
    for socket in list(request.app[sockets_key]):
        await socket.send_json({"choice": choice})
    return web.Response(status=202)


@routes.get("/polls/{poll}")
async def result(request):
    await request.app[queue_key].join()
    return web.json_response(request.app[votes_key][request.match_info["poll"]])


@routes.get("/boom")
async def boom(request):
    raise RuntimeError("boom")


@routes.get("/ping")
async def ping(request):
    url = request.url.join(request.url.with_path("/"))
    async with request.app[client_key].get(url) as response:
        return web.Response(text=await response.text())


@routes.get("/live")
async def live(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    request.app[sockets_key].add(socket)
    try:
        async for message in socket:
            if message.type == WSMsgType.TEXT and message.data == "close":
                await socket.close()
    finally:
        request.app[sockets_key].discard(socket)
    return socket


@routes.get("/download")
async def download(request):
    return web.FileResponse(HERE / "config.json")


async def count(app):
    queue = app[queue_key]
    while True:
        poll, choice = await queue.get()
        poll[choice] = poll.get(choice, 0) + 1
        queue.task_done()


async def worker(app):
    task = asyncio.create_task(count(app), name="counter")
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def http_client(app):
    async with ClientSession() as session:
        app[client_key] = session
        yield


async def close_sockets(app):
    for socket in set(app[sockets_key]):
        await socket.close()


def load_config(path=HERE / "config.json"):
    with open(path) as file:
        return json.load(file)


async def init_app(config=None):
    app = web.Application(middlewares=[errors])
    app[config_key] = config or load_config()
    app[votes_key] = {"pets": {}}
    app[queue_key] = asyncio.Queue()
    app[sockets_key] = set()
    app.add_routes(routes)
    app.cleanup_ctx.extend([worker, http_client])
    app.on_shutdown.append(close_sockets)
    return app


async def serve(app, stop):
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, stop.set)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()
        loop.remove_signal_handler(signal.SIGUSR1)
