import contextlib
import functools
import logging
from collections import OrderedDict
from pathlib import Path

import anyio
from anyio import to_thread
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.websockets import WebSocket, WebSocketDisconnect

HERE = Path(__file__).parent
log = logging.getLogger("wiki")
templates = Jinja2Templates(HERE / "templates")


class LRU(OrderedDict):
    def __init__(self, size=100):
        super().__init__()
        self.size = size

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self.size:
            self.popitem(last=False)


class Counter(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        request.session["visits"] = request.session.get("visits", 0) + 1
        response = await call_next(request)
        response.headers["x-visits"] = str(request.session["visits"])
        return response


class Page(HTTPEndpoint):
    async def get(self, request: Request):
        title = request.path_params["title"]
        pages = request.app.state.pages
        if title not in pages:
            raise HTTPException(404)
        context = {"title": title, "text": pages[title]}
        return templates.TemplateResponse(request, "page.html", context)

    async def post(self, request: Request):
        async with request.form() as form:
            text = form["text"]
            if hasattr(text, "read"):
                text = (await text.read()).decode()
        title = request.path_params["title"]
        request.app.state.pages[title] = text
        return RedirectResponse(
            request.url_for("page", title=title), 303, background=BackgroundTask(index, title)
        )


def index(title):
    log.info("indexed %s", title)


@functools.lru_cache
def legal():
    return (HERE / "static/style.css").read_text()


async def css(request):
    return PlainTextResponse(await to_thread.run_sync(legal))


async def dump(request):
    async def lines():
        for title in request.app.state.pages:
            yield f"{title}\n"
            await anyio.sleep(0)

    return StreamingResponse(lines(), media_type="text/plain")


def search(request):
    words = request.query_params.get("q", "").split()
    pages = request.app.state.pages
    return JSONResponse([t for t, text in pages.items() if all(word in text for word in words)])


async def broken(request):
    return JSONResponse(1 / 0)


async def edits(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            change = await websocket.receive_json()
            websocket.app.state.pages.update(change)
            await websocket.send_text("saved")
    except WebSocketDisconnect:
        log.info("editor left")


async def server_error(request, error):
    return PlainTextResponse("sorry", status_code=500)


@contextlib.asynccontextmanager
async def lifespan(app):
    async with anyio.create_task_group() as group:
        app.state.pages = LRU()
        app.state.pages["Home"] = "welcome"
        group.start_soon(anyio.sleep_forever)
        yield {"started": True}
        group.cancel_scope.cancel()


app = Starlette(
    lifespan=lifespan,
    exception_handlers={500: server_error},
    middleware=[
        Middleware(GZipMiddleware),
        Middleware(SessionMiddleware, secret_key="dev"),
        Middleware(Counter),
    ],
    routes=[
        Route("/wiki/{title}", Page, name="page"),
        Route("/css", css),
        Route("/dump", dump),
        Route("/search", search),
        Route("/broken", broken),
        WebSocketRoute("/edits", edits),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ],
)
