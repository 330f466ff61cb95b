"""The app in a test: its lifespan, its sessions, and what a test changes in it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from inspect import Parameter
from typing import Any
from weakref import WeakKeyDictionary

from asgi_lifespan import LifespanManager
from fastapi import Depends, FastAPI
from starlette.datastructures import State
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import ConcurrentRequestsError

_states: WeakKeyDictionary[FastAPI, dict[str, Any]] = WeakKeyDictionary()


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """Run the lifespan of an app. It has no timeout here: the behavior gate has one."""
    state = _states[app] = {}

    async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": state}, receive, send)

    async with LifespanManager(lifespan, startup_timeout=None, shutdown_timeout=None):
        yield


def served(app: FastAPI) -> ASGIApp:
    """Return the app as a server calls it: each request gets a copy of the lifespan's state."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = dict(_states.get(app, {}))
        await app(scope, receive, send)

    return serve


@contextmanager
def restored(app: FastAPI) -> Iterator[None]:
    """Undo what a test changes in the overrides, routes and state of the app."""
    overrides, routes = dict(app.dependency_overrides), list(app.router.routes)
    state, document = {name: app.state[name] for name in app.state}, app.openapi_schema
    try:
        yield
    finally:
        app.dependency_overrides, app.router.routes = overrides, routes
        app.state, app.openapi_schema = State(state), document
        # The next test gets new middleware, without the state of this one.
        app.middleware_stack = None


def guarded(get_session: Callable[..., Any]) -> Callable[..., AsyncIterator[Any]]:
    """Wrap the app's own dependency, so that it refuses a second HTTP request at the same time.

    Raises:
        ConcurrentRequestsError: (in the wrapped dependency) Another request has a session.
    """
    open_session = _as_context_manager(get_session)
    # It keeps the parameters of the dependency, so that FastAPI passes them.
    parameters = inspect.signature(get_session, eval_str=True).parameters.values()
    scope_parameter = Parameter("scope_", Parameter.KEYWORD_ONLY, default=Depends(_scope_of))
    busy: list[Scope] = []

    async def get_isolated_session(**values: Any) -> AsyncIterator[Any]:
        scope = values.pop("scope_")
        is_request = scope["type"] == "http"
        if is_request and any(other is not scope for other in busy):
            raise ConcurrentRequestsError
        busy.extend([scope] * is_request)
        try:
            async with open_session(**values) as session:
                yield session
        finally:
            if is_request:
                busy.remove(scope)

    get_isolated_session.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*(p.replace(kind=Parameter.KEYWORD_ONLY) for p in parameters), scope_parameter]
    )
    return get_isolated_session


async def _scope_of(connection: HTTPConnection) -> Scope:
    return connection.scope


def _as_context_manager(get_session: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(get_session):
        return asynccontextmanager(get_session)

    @asynccontextmanager
    async def open_session(**values: Any) -> AsyncIterator[Any]:
        session = get_session(**values)
        yield await session if inspect.isawaitable(session) else session

    return open_session
