"""A 5xx that nobody expected, and an error after the response went out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .. import rules
from ..aiohttp_server import AiohttpServer
from ..asgi import Observer, endpoint_of, is_failing_elsewhere, subscribe, unsubscribe
from ..catches import Catches, Link
from ..core import Detector, Finding, Phase, Request, real_time
from ..errors import BlockingError, chain, describe
from ..expected import Escape, is_raised_by_test
from ..rules import Rule
from ..statuses import Statuses
from ..where import ROUTING, Location, library_path

_DISCONNECTS = ("ClientDisconnect", "WebSocketDisconnect")
#: How long a test waits for the error behind an answer that it has already got.
_PATIENCE_S = 1.0
_POLL_S = 0.002


@dataclass(slots=True)
class _Failure:
    """A finding that the test may yet turn out to expect."""

    finding: Finding
    request: Request
    by_test: bool
    escape: Escape | None


class RequestsDetector(Detector, Observer):
    """Reports what a client sees as a server error, and what it can't see any more."""

    name = "requests"

    def install(self) -> None:
        # The exception being handled when a request came in, and when its answer began.
        self._before: dict[Request, BaseException | None] = {}
        self._answered: dict[Request, tuple[BaseException, Location | None]] = {}
        # Those whose error a test has raised: Starlette takes the traceback off later.
        self._by_test: set[Request] = set()
        self._failures: list[_Failure] = []
        self._statuses = Statuses(self.gate)
        self._statuses.install()
        self._catches = Catches(self.gate, self._caught)
        self._catches.install()
        subscribe(self.gate, self)
        self._aiohttp = AiohttpServer(self.gate)
        self._aiohttp.install()

    def uninstall(self) -> None:
        self._aiohttp.uninstall()
        self._catches.uninstall()
        self._statuses.uninstall()
        unsubscribe(self)

    def begin(self, phase: Phase) -> None:
        # What happened between two phases of a test is judged with the second.
        if phase.when == "setup":
            self._failures.clear()
            self._statuses.clear()

    def end(self, phase: Phase) -> None:
        deadline = real_time() + _PATIENCE_S
        while is_failing_elsewhere(self.gate) and real_time() < deadline:
            time.sleep(_POLL_S)
        expected: dict[Finding, bool] = {}
        for failure in self._failures:
            expected[failure.finding] = self._is_expected(failure, phase) and expected.get(
                failure.finding, True
            )
        phase.findings[:] = [
            finding for finding in phase.findings if not expected.get(finding, False)
        ]
        self._failures.clear()
        self._statuses.clear()

    def _is_expected(self, failure: _Failure, phase: Phase) -> bool:
        # Always asked, as each asserted response speaks for one request.
        asserted = self._statuses.take(failure.request)
        caught = failure.escape is not None and not phase.failed and failure.escape.was_caught()
        return failure.by_test or asserted or caught

    def _caught(self, links: list[Link]) -> None:
        for error, held in links:
            self._statuses.take_note(held)
            for failure in self._failures:
                if failure.escape is not None:
                    failure.escape.take_note(error)

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        self._before[request] = sys.exception()

    def response_started(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> None:
        error = sys.exception()
        if error is not None and error is not self._before.get(request):
            # Located now, as Starlette takes the traceback off an error that a handler answers.
            where = self._where(request, error) if (request.status or 0) >= 500 else None
            self._answered[request] = (error, where)
            if is_raised_by_test(self.gate, error):
                self._by_test.add(request)

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

    def _report_status(
        self, request: Request, error: BaseException | None, where: Location | None
    ) -> None:
        if request.explained or (error is not None and _is_blocking(error)):
            return
        reason = f": {describe(error, request)}" if error is not None else ""
        where = where or endpoint_of(self.gate, request)
        what = f"{request} returned {request.status}{reason}"
        self._report(rules.SERVER_ERROR, request, error, what, where)

    def _report_silence(self, request: Request, error: Exception) -> None:
        if _is_blocking(error):
            return
        what = f"{request} sent no response: {describe(error, request)}"
        self._report(rules.NO_ANSWER, request, error, what, self._where(request, error))

    def _report_late(self, request: Request, error: Exception) -> None:
        if _is_blocking(error):
            return
        what = f"{request} had returned {request.status} when it failed: {describe(error, request)}"
        self._report(rules.LATE_ERROR, request, error, what, self._where(request, error))

    def _report(
        self,
        rule: Rule,
        request: Request,
        error: BaseException | None,
        what: str,
        where: Location | None,
    ) -> None:
        self.gate.report(rule, what=what, where=where)
        by_test = request in self._by_test or is_raised_by_test(self.gate, error)
        if error is None and where is not None:
            # An endpoint of a test that returns the status.
            by_test = by_test or self.gate.origin_of(where) == "test"
        self._by_test.discard(request)
        escape = Escape(self.gate, error) if error is not None else None
        self._failures.append(_Failure(Finding(rule, what, where), request, by_test, escape))

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


def _is_disconnect(error: BaseException) -> bool:
    return type(next(chain(error), error)).__name__ in _DISCONNECTS


def _is_blocking(error: BaseException) -> bool:
    return any(isinstance(link, BlockingError) for link in chain(error))
