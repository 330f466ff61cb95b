"""What passes between a client and the application, for the detectors that look at it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar, Token
from types import FrameType
from typing import Any

from .applications import Applications
from .awaiting import current_task, waits_at
from .cases import current_case
from .core import Gate, Request, current_request
from .mounts import where_mounted
from .where import Location, line_of_definition, stack

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

#: The lifespan that the running code belongs to. It is no request, and never among the open ones.
current_lifespan: ContextVar[Request | None] = ContextVar("current_lifespan", default=None)

_SEEN = "behavior_gate"
RUN_FOREVER = inspect.unwrap(asyncio.BaseEventLoop.run_forever).__code__


class Observer:
    """Is told of each exchange, in its context. A subclass overrides what it needs."""

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        """A request or WebSocket has come in; `scope` is that of ASGI."""

    def request_body(self, request: Request, chunk: bytes, more: bool) -> None:
        """The application has received a part of the request's body."""

    def response_started(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """The status and headers are on their way; `request.response_started` is still False."""

    def response_body(self, request: Request, chunk: bytes, more: bool) -> None:
        """A part of the response's body is on its way."""

    def message_received(self, request: Request, data: bytes) -> None:
        """A WebSocket has received a message, here as bytes also if it was text."""

    def message_sent(self, request: Request, data: bytes) -> None:
        """A WebSocket sends a message."""

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        """The application has returned, background tasks included, or has let an error out."""

    def lifespan_started(self, lifespan: Request) -> None:
        """The lifespan has come to its `yield`, and requests may follow."""


_observers: list[tuple[Gate, Observer]] = []
#: What requests are told of their endpoint, while they run.
_scopes: dict[Request, MutableMapping[str, Any]] = {}
#: The task in which a request or a lifespan came in.
_tasks: dict[Request | None, asyncio.Task[Any] | None] = {}
_lifespans: list[Request] = []
_applications: list[Applications] = []


def subscribe(gate: Gate, observer: Observer) -> None:
    """Tell an observer of every exchange from now on."""
    if not _observers:
        _applications.append(Applications(gate, watch))
        _applications[-1].install()
    _observers.append((gate, observer))


def unsubscribe(observer: Observer) -> None:
    """Undo `subscribe`."""
    _observers[:] = [entry for entry in _observers if entry[1] is not observer]
    if not _observers:
        _applications.pop().uninstall()


def serving() -> Request | None:
    """The exchange, or else the lifespan, that the running code belongs to."""
    return current_request.get() or current_lifespan.get()


def is_lifespan(request: Request) -> bool:
    return request.method == "LIFESPAN"


def task_of(request: Request) -> asyncio.Task[Any] | None:
    """The task in which a request or a lifespan came in, as long as it runs."""
    return _tasks.get(request)


def is_over(gate: Gate, request: Request) -> bool:
    """Whether a request has been served, or a lifespan has ended."""
    return request not in gate.open_requests and request not in _lifespans


def is_failing_elsewhere(gate: Gate) -> bool:
    """Whether a server in another thread has sent a 5xx, and its application has not returned."""
    failing = [request for request in list(gate.open_requests) if (request.status or 0) >= 500]
    tasks = (_tasks.get(request) for request in failing)
    return any(task is not None and task.get_loop().is_running() for task in tasks)


def is_websocket(request: Request) -> bool:
    return request.method == "WEBSOCKET"


def here(gate: Gate) -> Location | None:
    """Name the line that runs now: the application's, else that of a test's own dependency."""
    of_test = None
    for frame in _serving_stack():
        code = frame.f_code
        origin = gate.origin(code)
        if origin == "application":
            return _location(gate, code.co_filename, frame.f_lineno, code.co_name)
        if origin == "test" and of_test is None:
            of_test = _location(gate, code.co_filename, frame.f_lineno, code.co_name)
    task, current = _tasks.get(current_request.get()), current_task()
    if of_test is None and task not in (None, current):
        # A task or thread that runs library code alone: name the line that waits for it.
        return waits_at(gate, task)[0]
    return of_test


def sends_at(gate: Gate) -> Location | None:
    """Name the line that sends the WebSocket message, rather than middleware that hands it on."""
    for frame in _serving_stack():
        code = frame.f_code
        if gate.origin(code) == "application" and not _hands_on(frame):
            return _location(gate, code.co_filename, frame.f_lineno, code.co_name)
    return here(gate)


def _hands_on(frame: FrameType) -> bool:
    """Whether a function was given a message of ASGI, as the `send` of middleware is."""
    code = frame.f_code
    given = (frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount])
    return any(
        isinstance(value, MutableMapping) and value.get("type") == "websocket.send"
        for value in given
    )


@functools.lru_cache(maxsize=1024)
def _location(gate: Gate, filename: str, line: int, function: str) -> Location:
    # Not by the code object: that of another file may be equal to it.
    return gate.locate_line(filename, line, function)


def runs_test_code(gate: Gate) -> bool:
    """Whether what runs now was called by a test's own dependency, and not by the application."""
    for frame in _serving_stack():
        origin = gate.origin(frame.f_code)
        if origin in ("application", "test"):
            return origin == "test"
    return False


def _serving_stack() -> Iterator[FrameType]:
    """The frames from here to where the request came in, or to the loop that runs its task."""
    for frame in stack(sys._getframe(2)):
        code = frame.f_code
        if code is _watch_request.__code__ or code is RUN_FOREVER:
            return
        yield frame


def endpoint_of(gate: Gate, request: Request) -> Location | None:
    """Name the function that a request was routed to, or where one of a library is mounted."""
    endpoint: Any = request.endpoint or _endpoint_in(_scopes.get(request, {}))
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    endpoint = inspect.unwrap(endpoint)
    code = getattr(endpoint, "__code__", None)
    if code is None or gate.origin(code) == "library":
        return endpoint and where_mounted(gate, endpoint, request.path)
    return gate.location(code, line_of_definition(code))


async def watch(app: App, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    kind = scope["type"]
    if _SEEN in scope or kind not in ("http", "websocket", "lifespan"):
        await app(scope, receive, send)
    elif kind == "lifespan":
        scope[_SEEN] = lifespan = Request("LIFESPAN", "")
        await _watch_lifespan(lifespan, app, scope, receive, send)
    else:
        method = scope["method"] if kind == "http" else "WEBSOCKET"
        scope[_SEEN] = request = Request(method, scope["path"])
        await _watch_request(request, app, scope, receive, send)


async def _watch_lifespan(
    lifespan: Request, app: App, scope: MutableMapping[str, Any], receive: Receive, send: Send
) -> None:
    async def watched_send(message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            lifespan.response_started = True
            for _, observer in _observers:
                observer.lifespan_started(lifespan)
        await send(message)

    token = current_lifespan.set(lifespan)
    _lifespans.append(lifespan)
    _tasks[lifespan] = current_task()
    try:
        await app(scope, receive, watched_send)
    finally:
        _lifespans.remove(lifespan)
        del _tasks[lifespan]
        _reset(current_lifespan, token)


async def _watch_request(
    request: Request, app: App, scope: MutableMapping[str, Any], receive: Receive, send: Send
) -> None:
    gates, observers = {gate for gate, _ in _observers}, [each for _, each in _observers]

    async def watched_receive() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            for observer in observers:
                observer.request_body(
                    request, message.get("body", b""), message.get("more_body", False)
                )
        elif message["type"] == "websocket.receive":
            for observer in observers:
                observer.message_received(request, _data_of(message))
        return message

    async def watched_send(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            request.endpoint = _endpoint_in(scope)
            request.status = message["status"]
            headers = list(message.get("headers", ()))
            for observer in observers:
                observer.response_started(request, headers)
            request.response_started = True
        elif message["type"] == "http.response.body":
            for observer in observers:
                observer.response_body(
                    request, message.get("body", b""), message.get("more_body", False)
                )
        elif message["type"] == "websocket.send":
            for observer in observers:
                observer.message_sent(request, _data_of(message))
        await send(message)

    for gate in gates:
        gate.open_requests.append(request)
    _scopes[request], _tasks[request] = scope, current_task()
    token = current_request.set(request)
    senders = [current_case.get(), *(gate.sender(request) for gate in gates)]
    of_case = current_case.set(next(filter(None, senders), None))
    error: BaseException | None = None
    try:
        for observer in observers:
            observer.request_started(request, scope)
        await app(scope, watched_receive, watched_send)
    except BaseException as raised:
        error = raised
        raise
    finally:
        request.endpoint = _endpoint_in(scope) or request.endpoint
        del _scopes[request], _tasks[request]
        for gate in gates:
            gate.open_requests.remove(request)
        for observer in observers:
            observer.request_ended(request, error)
        _reset(current_case, of_case)
        _reset(current_request, token)


#: Above their frames stands whoever called the application.
WATCHES = (watch.__code__, _watch_request.__code__)


def _endpoint_in(scope: Mapping[str, Any]) -> Any:
    # As Starlette has it, or else Litestar.
    return scope.get("endpoint") or getattr(scope.get("route_handler"), "fn", None)


def _data_of(message: Message) -> bytes:
    text: str | None = message.get("text")
    return text.encode() if text is not None else message.get("bytes") or b""


def _reset(variable: ContextVar[Any], token: Token[Any]) -> None:
    # An abandoned request is closed by the garbage collector, in whatever context that runs.
    with contextlib.suppress(ValueError):
        variable.reset(token)
