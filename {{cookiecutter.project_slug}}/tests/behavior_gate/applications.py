"""Has what calls an ASGI application, and the applications of known frameworks, watched."""

from __future__ import annotations

import copy
import functools
import importlib
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from .core import Gate
from .on_import import OnImport
from .patches import Patches

#: The classes of applications, by the modules that define them.
_APPLICATIONS = {"starlette.applications": "Starlette", "litestar.app": "Litestar"}

#: Runs an application with its scope, receive and send.
Watch = Callable[..., Awaitable[None]]


class Applications:
    """Passes each call of an application on to a function that watches it."""

    def __init__(self, gate: Gate, watch: Watch) -> None:
        self._watch = watch
        self._patches = Patches(gate, "requests")
        self._on_import = OnImport(_APPLICATIONS, self._watch_module)

    def install(self) -> None:
        self._on_import.install()
        for name in ("httpx", "httpx2"):
            try:
                transport = importlib.import_module(name).ASGITransport
            except (ImportError, AttributeError):
                continue
            self._patches.replace(transport, "handle_async_request", self._watched_transport)

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()

    def _watch_module(self, module: str) -> None:
        application = getattr(sys.modules[module], _APPLICATIONS[module])
        self._patches.replace(application, "__call__", self._watched_application)

    def _watched_application(self, original: Watch) -> Watch:
        @functools.wraps(original)
        async def __call__(app: Any, scope: Any, receive: Any, send: Any) -> None:  # noqa: N807
            await self._watch(functools.partial(original, app), scope, receive, send)

        return __call__

    def _watched_transport(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def handle_async_request(transport: Any, request: Any) -> Any:
            watched = copy.copy(transport)
            watched.app = functools.partial(self._watch, transport.app)
            return await original(watched, request)

        return handle_async_request
