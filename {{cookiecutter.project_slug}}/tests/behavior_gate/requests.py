"""A 5xx that nobody expected, and an error after the response went out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from .core import ROUTING, Detector, Location, Request, is_blocking_error, library_path
from .exchange import Observer, endpoint_of, serve, subscribe, unsubscribe

#: Raised by SQLAlchemy when it closes a session that an earlier error has left half-way.
_CONSEQUENCES = ("IllegalStateChangeError",)
_DISCONNECTS = ("ClientDisconnect", "WebSocketDisconnect")


class RequestsDetector(Detector, Observer):
    """Reports what a client sees as a server error, and what it can't see any more."""

    name = "requests"

    def install(self) -> None:
        # The exception being handled when a request came in, and when its answer began.
        self._before: dict[Request, BaseException | None] = {}
        self._answered: dict[Request, tuple[BaseException, Location | None]] = {}
        subscribe(self.gate, self)

    def uninstall(self) -> None:
        unsubscribe(self)

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        self._before[request] = sys.exception()

    def response_started(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> None:
        error = sys.exception()
        if error is not None and error is not self._before.get(request):
            # Located now, as Starlette takes the traceback off an error that a handler answers.
            where = self._where(request, error) if (request.status or 0) >= 500 else None
            self._answered[request] = (error, where)

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        self._before.pop(request, None)
        answered, where = self._answered.pop(request, (None, None))
        failed = request.status is not None and request.status >= 500
        if error is None and failed:
            self._report_status(request, answered, where)
        elif isinstance(error, Exception) and not _is_disconnect(error):
            if failed:
                self._report_status(request, error, self._where(request, error))
            elif request.status is None:
                self._report_silence(request, error)
            elif error is not answered:
                self._report_late(request, error)

    async def selftest(self) -> None:
        async def application(scope: object, receive: object, send: object) -> None:
            raise LookupError("an error that no handler maps to a status")

        with suppress(LookupError):
            await serve(application)

    def _report_status(
        self, request: Request, error: BaseException | None, where: Location | None
    ) -> None:
        if error is not None and _is_blocking(error):
            return
        reason = f": {describe(error, request)}" if error is not None else ""
        self.gate.report(
            self.name,
            what=f"{request.method} {request.path} answered {request.status}{reason}",
            where=where or endpoint_of(self.gate, request),
            why="the client meets a server error that nothing in the test expected",
            mend="mend the cause, or map the error to a status below 500; a test that expects it"
            ' says so by @pytest.mark.gate_allow("requests", reason="...")',
        )

    def _report_silence(self, request: Request, error: Exception) -> None:
        if _is_blocking(error):
            return
        self.gate.report(
            self.name,
            what=f"{request.method} {request.path} got no answer: {describe(error, request)}",
            where=self._where(request, error),
            why="an error that the application lets out ends the connection of the client",
            mend="mend the cause, or answer the error with a status",
        )

    def _report_late(self, request: Request, error: Exception) -> None:
        if _is_blocking(error):
            return
        self.gate.report(
            self.name,
            what=f"{request.method} {request.path} had answered {request.status} when it failed:"
            f" {describe(error, request)}",
            where=self._where(request, error),
            why="the client was told of success, and nobody is told of the failure",
            mend="do what can fail before the response, or catch and log the error in the"
            " background task, stream or dependency that raises it",
        )

    def _where(self, request: Request, error: BaseException | None) -> Location | None:
        for link in chain(error):
            where = self.gate.locate_traceback(_below_routing(link.__traceback__))
            if where is not None:
                return where
        return endpoint_of(self.gate, request)


def _below_routing(traceback: TracebackType | None) -> TracebackType | None:
    """Cut a traceback to what the endpoint was called by and called: middleware stands above."""
    below = link = traceback
    while link is not None:
        if library_path(link.tb_frame.f_code.co_filename) in ROUTING:
            below = link
        link = link.tb_next
    return below


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, those inside it if it is a group, and those that led to it; each once."""
    if error is None:
        return
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        led_to_it = (link.__cause__, link.__context__)
        if isinstance(link, BaseExceptionGroup):
            # Its own traceback ends at the task group, above the lines that failed.
            todo[:0] = [*link.exceptions, *led_to_it]
        elif type(link).__name__ in _CONSEQUENCES and link.__context__ is not None:
            todo[:0] = led_to_it
        else:
            yield link
            todo[:0] = led_to_it


def describe(error: BaseException, request: Request) -> str:
    """Type and message of an error in one line without the passwords of its request."""
    error = next(chain(error), error)
    message = str(error).strip().partition("\n")[0]
    for password in request.passwords:
        message = message.replace(password, "***")
    if len(message) > 200:
        message = f"{message[:200]}…"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _is_disconnect(error: BaseException) -> bool:
    return type(next(chain(error), error)).__name__ in _DISCONNECTS


def _is_blocking(error: BaseException) -> bool:
    return any(is_blocking_error(link) for link in chain(error))
