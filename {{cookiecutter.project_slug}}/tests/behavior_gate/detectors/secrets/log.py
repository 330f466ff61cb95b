"""What a request writes to the log."""

from __future__ import annotations

import builtins
import logging
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from types import FrameType
from typing import Any

from ... import rules
from ...asgi import endpoint_of, here
from ...core import Gate, Request, current_request
from ...errors import chain
from ...patches import Patches
from .forms import HASH, is_logged, strings

_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LogWatch:
    """Looks for a password or a hash in what is logged and printed."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._patches = Patches(gate.blind, "secrets")

    def install(self) -> None:
        self._watch_log()
        self._patches.replace(builtins, "print", self._print)

    def uninstall(self) -> None:
        self._patches.restore()

    def _watch_log(self) -> None:
        def wrap(original: Callable[..., None]) -> Callable[..., None]:
            @wraps(original)
            def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
                original(logger, record)
                request = current_request.get()
                # Looked at last, so that a filter may have redacted it. What SQLAlchemy echoes is
                # a developer's switch, and is judged where it is stored.
                if request is not None and not record.name.startswith("sqlalchemy."):
                    self._judge_record(request, record)

            return call_handlers

        self._patches.replace(logging.Logger, "callHandlers", wrap)
        self._patches.replace(logging.Logger, "isEnabledFor", self._is_enabled)

    def _is_enabled(self, original: Callable[..., bool]) -> Callable[..., bool]:
        # A test runs at another level than production, where the same line is written down.
        @wraps(original)
        def is_enabled(logger: logging.Logger, level: int) -> bool:
            enabled = original(logger, level)
            request, frame = current_request.get(), sys._getframe(1)
            if not enabled and request is not None and request.passwords:
                by = frame.f_back
                if _is_of_logging(frame) and by and self.gate.origin(by.f_code) == "application":
                    record = _unwritten(logger, level, frame.f_locals)
                    if record is not None:
                        self._judge_record(request, record)
            return enabled

        return is_enabled

    def _print(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def print_(*values: Any, **options: Any) -> None:
            original(*values, **options)
            request, file = current_request.get(), options.get("file")
            if request is None or file not in (None, sys.stdout, sys.stderr):
                return
            text = " ".join(map(str, values)) if request.passwords else ""
            if any(is_logged(password, text) for password in request.passwords):
                self._report_log(request, "printed the submitted password")

        return print_

    def _judge_record(self, request: Request, record: logging.LogRecord) -> None:
        extra = [value for key, value in vars(record).items() if key not in _RECORD_FIELDS]
        values = list(strings([record.args, extra]))
        errors = chain(record.exc_info[1]) if record.exc_info else ()
        texts = [_message(record), *map(str, errors), *values]
        for password in request.passwords:
            if password in values or any(is_logged(password, text) for text in texts):
                self._report_log(request, f"logged the submitted password {_logger(record)}")
        if any(HASH.search(text) for text in texts):
            self._report_log(request, f"logged a password hash {_logger(record)}")

    def _report_log(self, request: Request, what: str) -> None:
        self.gate.report(
            rules.SECRET_IN_LOG,
            what=f"{request.method} {request.path} {what}",
            where=here(self.gate) or endpoint_of(self.gate, request),
        )


def _is_of_logging(frame: FrameType) -> bool:
    return frame.f_code.co_filename == logging.Logger.info.__code__.co_filename


def _unwritten(
    logger: logging.Logger, level: int, call: Mapping[str, Any]
) -> logging.LogRecord | None:
    """The record that a call would have made, as the filters would have left it."""
    message, arguments = call.get("msg"), call.get("args", ())
    record = logging.LogRecord(logger.name, level, "", 0, message, arguments, None)
    vars(record).update(call.get("kwargs", {}).get("extra") or {})
    filters: list[logging.Filterer] = [logger]
    above: logging.Logger | None = logger
    while above is not None:
        filters += above.handlers
        above = above.parent if above.propagate else None
    for each in filters:
        kept: Any = each.filter(record)
        if not kept:
            return None
        # Since Python 3.12 a filter may put another record in its place.
        record = kept if isinstance(kept, logging.LogRecord) else record
    return record


def _logger(record: logging.LogRecord) -> str:
    return f"(logger `{record.name}`, {record.levelname})"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)
