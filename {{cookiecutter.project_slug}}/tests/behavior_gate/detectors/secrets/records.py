"""The records of Python's logging, at whatever level."""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from types import CodeType, FrameType
from typing import Any

from ...awaiting import current_task
from ...core import Gate
from ...patches import Patches
from ...where import library_path, stack
from .forms import labelled, strings
from .tracebacks import messages
from .written import LogJudge

_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LOGGING = logging.Logger.info.__code__.co_filename
#: So many calls of libraries may lie between a line of the application and a logger.
_DEPTH = 30
#: A line that has logged so often without a secret is looked at no more.
_OFTEN = 50


class RecordWatch:
    """Looks at each record, and at those that the level of a test keeps from being made."""

    def __init__(self, gate: Gate, judge: LogJudge) -> None:
        self.gate = gate
        self._judge = judge
        self._patches = Patches(gate, "the log")
        #: How often each line has asked in vain for a record, in this phase.
        self._calls: Counter[tuple[CodeType, int]] = Counter()

    def install(self) -> None:
        self._patches.replace(logging.Logger, "callHandlers", self._call_handlers)
        # A library that logs for others is told that all levels are on, so that it makes its line,
        # redacts it and hands it on to the logger, which is asked once more and drops it.
        self._patches.replace(logging.Logger, "isEnabledFor", self._is_enabled)
        self._patches.replace(logging.Logger, "getEffectiveLevel", self._effective_level)

    def begin(self) -> None:
        self._calls.clear()

    def uninstall(self) -> None:
        self._patches.restore()

    def _call_handlers(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
            with self._judge.at_the_source():
                original(logger, record)
            # Looked at last, so that a filter may have redacted it.
            self._judge_record(logger, record)

        return call_handlers

    def _is_enabled(self, original: Callable[..., bool]) -> Callable[..., bool]:
        # A test runs at another level than production, where the same line is written down.
        @wraps(original)
        def is_enabled(logger: logging.Logger, level: int) -> bool:
            enabled = original(logger, level)
            if enabled:
                return enabled
            asks = _caller(sys._getframe(1))
            caller = self._application_that_logs(logger, asks)
            if caller is None:
                return enabled
            if asks.f_code.co_filename != _LOGGING:
                return self.gate.origin(asks.f_code) == "library"
            line = (caller.f_code, caller.f_lineno)
            self._calls[line] += 1
            record = None
            if self._calls[line] <= _OFTEN:
                record = _unwritten(logger, level, asks.f_locals)
            if record is not None:
                self._judge_record(logger, record)
            return enabled

        return is_enabled

    def _effective_level(self, original: Callable[..., int]) -> Callable[..., int]:
        @wraps(original)
        def get_effective_level(logger: logging.Logger) -> int:
            asks = sys._getframe(1)
            if (
                asks.f_code.co_filename != _LOGGING
                and self.gate.origin(asks.f_code) == "library"
                and self._application_that_logs(logger, asks)
            ):
                return logging.NOTSET
            return original(logger)

        return get_effective_level

    def _application_that_logs(self, logger: logging.Logger, asks: FrameType) -> FrameType | None:
        """Find the line of the application that logs here, if by a library that does it for it."""
        for _, frame in zip(range(_DEPTH), stack(asks), strict=False):
            code = frame.f_code
            if code.co_filename == _LOGGING:
                continue
            origin = self.gate.origin(code)
            if origin in ("application", "test"):
                return frame if origin == "application" else None
            # What a library logs of itself, it logs under its own name.
            package = library_path(code.co_filename).partition("/")[0].removesuffix(".py")
            if logger.name.partition(".")[0] == package:
                return None
        # A thread that the application has handed the call to.
        handed = threading.get_ident() != self.gate.thread and current_task() is None
        return asks if handed else None

    def _judge_record(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        by = f" (logger `{record.name}`, {record.levelname})"
        told = messages(record.exc_info[1]) if record.exc_info else ()
        formatters = [handler.formatter for handler in _handlers(logger) if _writes(handler)]
        own = [formatter for formatter in formatters if type(formatter) in _PLAIN]
        if formatters and not own:
            # They decide what is written of it, and may redact it.
            with suppress(Exception):
                texts = [formatter.format(record) for formatter in formatters if formatter]
                self._judge.judge("logged", texts, by=by)
                return
        extra = {key: value for key, value in vars(record).items() if key not in _RECORD_FIELDS}
        given = [record.args, extra]
        texts = [_message(record), *told, *labelled(given)]
        self._judge.judge("logged", texts, strings(given), by)


def _caller(frame: FrameType) -> FrameType:
    """The function of Python's logging that was given the message, or else who asks."""
    while frame.f_code.co_filename == _LOGGING and "msg" not in frame.f_locals and frame.f_back:
        frame = frame.f_back
    return frame


_PLAIN = (type(None), logging.Formatter)


def _handlers(logger: logging.Logger) -> Iterator[logging.Handler]:
    above: logging.Logger | None = logger
    while above is not None:
        yield from above.handlers
        above = above.parent if above.propagate else None


def _writes(handler: logging.Handler) -> bool:
    """Whether a handler writes something down, and does not only show it to a test."""
    return not isinstance(handler, logging.NullHandler) and not type(handler).__module__.startswith(
        "_pytest"
    )


def _unwritten(
    logger: logging.Logger, level: int, call: Mapping[str, Any]
) -> logging.LogRecord | None:
    """The record that a call would have made, as the filters would have left it."""
    message, arguments = call.get("msg"), call.get("args", ())
    options = call.get("kwargs", {})
    error = options.get("exc_info", call.get("exc_info"))
    if isinstance(error, BaseException):
        error = (type(error), error, error.__traceback__)
    elif error and not isinstance(error, tuple):
        error = sys.exc_info()
    record = logging.LogRecord(logger.name, level, "", 0, message, arguments, error or None)
    vars(record).update(options.get("extra") or {})
    filters: list[logging.Filterer] = [logger, *_handlers(logger)]
    for each in filters:
        kept: Any = each.filter(record)
        if not kept:
            return None
        # Since Python 3.12 a filter may put another record in its place.
        record = kept if isinstance(kept, logging.LogRecord) else record
    return record


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        # A value may fail to describe itself, in any way. That is for the log to tell.
        return record.msg if isinstance(record.msg, str) else ""
