"""What is around all endpoints: the access log, CORS, and which hosts and proxies are trusted."""

import re
from http import HTTPStatus
from time import perf_counter
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.config import Settings
from app.draining import draining
from app.errors import UntrustedHost
from app.health import router as health
from app.logs import written_in_thread

REQUEST_ID = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEALTH_CHECKS = {getattr(route, "path", None) for route in health.routes}

log = structlog.get_logger(__name__)


class Outermost:
    """Applies what the settings configure, around the lifespan and the handler of crashes, too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.configured: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self.configured = None
            with written_in_thread(), draining(scope["app"]):
                await self.app(scope, receive, send)
            return
        if self.configured is None:
            self.configured = _configured(self.app, scope["app"].state.settings)
        await self.configured(scope, receive, send)


def _configured(app: ASGIApp, settings: Settings) -> ASGIApp:
    if settings.cors_origins:
        # No cookies are used, so no credentials in the sense of CORS.
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[REQUEST_ID, "Retry-After"],
        )
    proxies = list(settings.forwarded_allow_ips)
    return ProxyHeadersMiddleware(AccessLog(app), proxies)  # type: ignore[arg-type, return-value]


class AccessLog:
    """Logs each request, and gives it an id, which all of its lines and its response have.

    A health check that succeeds is not logged: it comes every few seconds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = end = perf_counter()
        status: int | None = None
        request_id = _request_id(scope)
        # They stay for the server, which logs the traceback of a crash.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_with_id(message: Message) -> None:
            nonlocal end, status
            if message["type"].endswith((".response.start", "websocket.accept")):
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
                status = message.get("status", 101)
            await send(message)
            end = perf_counter()

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            if status != HTTPStatus.OK or not _is_health_check(scope):
                log.info(
                    "request",
                    method=scope.get("method", "WEBSOCKET"),
                    path=_path(scope),
                    status=status,
                    duration_ms=round((end - start) * 1000, 1),
                    client=client[0] if (client := scope.get("client")) else None,
                )


def _request_id(scope: Scope) -> str:
    """Return the id that the caller gave, if it is well-formed and the only one, or a new one."""
    given = Headers(scope=scope).getlist(REQUEST_ID)
    if len(given) == 1 and WELL_FORMED.fullmatch(given[0]):
        return given[0]
    return str(uuid4())


def _is_health_check(scope: Scope) -> bool:
    return scope["path"].removeprefix(scope.get("root_path", "")) in HEALTH_CHECKS


def _path(scope: Scope) -> str:
    """Return the path of the route, such as `/users/{id}`: a path may hold a token or a name."""
    route = scope.get("route")
    # Without a route, what is too long for a word is left out.
    return getattr(route, "path", None) or re.sub(r"[^/]{20,}", "...", scope["path"])


class TrustedHosts:
    """Refuses a request whose Host header is none of ours.

    A health check may name any: it often comes from inside, by an IP address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and not _is_health_check(scope):
            hosts = scope["app"].state.settings.trusted_hosts
            check = TrustedHostMiddleware(_accept, hosts, www_redirect=False)
            await check(scope, receive, _refuse)
        await self.app(scope, receive, send)


async def _accept(scope: Scope, receive: Receive, send: Send) -> None:
    """Do nothing: the app comes next."""


async def _refuse(_: Message) -> None:
    """Have the error handlers answer, in place of the middleware."""
    raise UntrustedHost
