"""The app in a test: its lifespan, its requests, and what a test changes in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from asgi_lifespan import LifespanManager

from .requests import request

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_states: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[None]:
    """Run the lifespan of an app. It has no timeout here: the behavior gate has one."""
    state = _states[app] = {}

    async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": state}, receive, send)

    async with LifespanManager(lifespan, startup_timeout=None, shutdown_timeout=None):
        yield


def served(app: ASGIApp) -> ASGIApp:
    """Return the app as a server calls it: each request gets a copy of the lifespan's state."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = dict(_states.get(app, {}))
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        with request():
            await app(scope, receive, send)

    return serve


@contextmanager
def restored(app: Any) -> Iterator[None]:
    """Undo what a test changes in the overrides, routes and state of an app of Starlette."""
    if not hasattr(app, "middleware_stack"):
        yield
        return
    overrides = dict(getattr(app, "dependency_overrides", {}))
    routes, state = list(app.router.routes), dict(app.state._state)
    document = getattr(app, "openapi_schema", None)
    try:
        yield
    finally:
        if hasattr(app, "dependency_overrides"):
            app.dependency_overrides, app.openapi_schema = overrides, document
        app.router.routes, app.state = routes, type(app.state)(state)
        # The next test gets new middleware, without the state of this one.
        app.middleware_stack = None
